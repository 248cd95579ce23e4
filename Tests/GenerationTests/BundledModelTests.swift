import Conditioning
import Diffusion
import Foundation
import Generation
import Images
import ModelFiles
import Models
import TensorCore
import TestSupport
import Testing

/// The model that ships in `Weights/`.
@Suite struct BundledModelTests {
  private func pipeline(_ precision: Precision = .f32) throws -> (TextToImage, PipelineSpec) {
    let home = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent()
    let locator = ModelLocator(environment: ["IMAGO_HOME": home.path])
    let (spec, folder) = try locator.pipeline(nil)
    return (TextToImage(try PipelineComponents(folder: folder, name: spec.name), precision: precision), spec)
  }

  private func picture(_ pipeline: TextToImage, _ spec: PipelineSpec, _ prompt: String) throws -> [Float] {
    let size = pipeline.components.defaultSize
    let request = GenerationRequest(
      prompts: [prompt], steps: 8, guidance: Guidance(scale: spec.guidance), sampler: spec.sampler ?? .ddim,
      seeds: [1], width: size, height: size)
    return try pipeline.generate(request).pixels.floats()
  }

  /// Mean red, green and blue, in 0 ... 1.
  private func colour(_ pixels: [Float]) -> [Float] {
    (0..<3).map { channel in
      let values = stride(from: channel, to: pixels.count, by: 3).map { pixels[$0] / 2 + 0.5 }
      return values.reduce(0, +) / Float(values.count)
    }
  }

  @Test func loadsStrictlyAndFollowsTheWords() throws {
    let (pipeline, spec) = try pipeline()
    #expect(pipeline.components.defaultSize >= 128)
    let moon = try picture(pipeline, spec, "a cat on the moon")
    let again = try picture(pipeline, spec, "a cat on the moon")
    #expect(moon == again, "the same seed gives the same bits")
    // Space is dark, a meadow is bright and green: plain words must show.
    let (dark, bright) = (colour(moon), colour(try picture(pipeline, spec, "a tree in a meadow")))
    #expect(bright.reduce(0, +) > dark.reduce(0, +) + 0.3, "meadow \(bright), moon \(dark)")
    #expect(bright[1] > bright[0] && bright[1] > dark[1], "meadow \(bright)")
  }

  /// A prompt as people type them is drawn: words the model never learnt change nothing, and what is long goes into chunks.
  @Test func wordsItNeverLearntAreLeftOut() throws {
    let (pipeline, spec) = try pipeline()
    let typed =
      "a cat on the moon, oil painting, masterpiece, best quality, trending on artstation, 4k, detailed fur, sharp focus"
    let size = pipeline.components.defaultSize
    let request = GenerationRequest(
      prompts: [typed], steps: 2, guidance: Guidance(scale: spec.guidance), sampler: .ddim, seeds: [1], width: size,
      height: size)
    let reading = try pipeline.reading(request)
    #expect(
      reading.words.leftOut.first == "oil" && reading.words.leftOut.contains("4k") && reading.words.leftOut.count == 12)
    #expect(reading.emptied.isEmpty)
    var plain = request
    plain.prompts = ["a cat on the moon"]
    #expect(try pipeline.reading(plain).words == WordsRead(tokenCount: 5))
    #expect(try pipeline.generate(request).latents.floats() == pipeline.generate(plain).latents.floats())
    var long = plain
    long.prompts = [Array(repeating: "a cat and a dog in a meadow at night", count: 6).joined(separator: ", ")]
    #expect(try pipeline.generate(long).latents.floats().allSatisfy(\.isFinite))
    var unknown = plain
    unknown.prompts = ["(masterpiece:1.2), best quality"]
    #expect(try pipeline.reading(unknown).emptied == unknown.prompts)
    var empty = plain
    empty.prompts = [""]
    #expect(try pipeline.generate(unknown).latents.floats() == pipeline.generate(empty).latents.floats())
  }

  /// Kinds and synonyms of what it knows are drawn as that; an embedding of the same name is found by its own.
  @Test func wordsAreReadAsThoseItKnows() throws {
    let (pipeline, spec) = try pipeline()
    func request(_ prompt: String) -> GenerationRequest {
      GenerationRequest(
        prompts: [prompt], steps: 2, guidance: Guidance(scale: spec.guidance), sampler: .ddim, seeds: [1], width: 256,
        height: 256)
    }
    let (said, known) = (
      request("Two Kittens, and a (yacht:1.2) on the lake"), request("two cats, and a (sailboat:1.2) on the sea")
    )
    let words = try pipeline.reading(said).words
    #expect(words.exchanged.map(\.description) == ["kittens as cats", "yacht as sailboat", "lake as sea"])
    #expect(words.leftOut.isEmpty)
    #expect(try pipeline.generate(said).latents.floats() == pipeline.generate(known).latents.floats())
    let own = TextualInversion(name: "kitten", vectors: [Tensor([Float](repeating: 0, count: 192), shape: [1, 192])])
    var taught = pipeline
    taught.embeddings = [own]
    #expect(try taught.reading(request("a kitten")).words == WordsRead(tokenCount: 2))
  }

  /// Finished pictures of the narrower arithmetics, against float32. Seen on the model of 128 pixels with 30 steps over 24
  /// prompts: bf16 51.6 to 55 dB, int8 37 to 55 dB; on the present one bf16 44.2 dB for the first prompt, whose shape is
  /// undecided for long. 40 dB is a hundredth of the range, 30 dB the least that is called the same picture.
  @Test(
    .enabled(if: Processor.hasBF16 && Device.best.noInt8Reason == nil),
    arguments: [(Precision.bf16, Float(40)), (.int8, 30)])
  func narrowArithmeticDrawsTheSamePicture(precision: Precision, decibels: Float) throws {
    let (exact, spec) = try pipeline()
    let (narrow, _) = try pipeline(precision)
    for prompt in ["a cat on the moon", "a red car on the street"] {
      let (a, b) = (try picture(exact, spec, prompt), try picture(narrow, spec, prompt))
      // Of values in 0 ... 1, half of those here.
      let error = zip(a, b).reduce(Float(0)) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) } / Float(a.count) / 4
      #expect(error > 0, "\(precision) is another arithmetic")
      #expect(-10 * log10(error) > decibels, "\(precision), \(prompt): \(-10 * log10(error)) dB")
    }
  }
}
