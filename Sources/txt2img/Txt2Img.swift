import ArgumentParser
import CommandSupport
import Diffusion
import Foundation
import Generation
import TensorCore

extension SamplerName: ExpressibleByArgument {}
extension RandomStream: ExpressibleByArgument {}

/// Makes pictures from words.
@main
struct Txt2Img: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "txt2img", abstract: "Makes pictures from words.",
    discussion: """
      Examples:
        txt2img "a cat on the moon"
        txt2img "a red apple on a table" --count 4 --seed 7 --output apples/
        txt2img "a castle at night" --model path/to/a/diffusers/folder --steps 30 --cfg 7.5
      """)

  static func main() {
    Launcher.settleThreadWaiting()
    main(nil)
  }

  @Argument(help: "What the picture shows.") var prompt: String
  @Option(help: "A diffusers folder, or the name of a pipeline in Pipelines/ (the bundled model).")
  var model: String?
  @Option(help: "What the picture must not show.") var negative: String?
  @Option(help: "Sampler steps (the pipeline's).") var steps: Int?
  @Option(help: "Guidance scale; 1 is off (the pipeline's).") var cfg: Float?
  @Option(help: "Rescaling of guidance, 0 to 1.") var guidanceRescale: Float?
  @Option(help: "DDIM's noise, 0 to 1.") var eta: Double?
  @Option(help: "ddpm or ddim (the model's).") var sampler: SamplerName?
  @Option(help: "Picture i has seed N + i (random, reported).") var seed: UInt64?
  @Option(help: "Whose noise: torch, torch-batch or nv.") var rng: RandomStream = .torch
  @Option(help: "Pixels, a multiple of 8 (the model's).") var width: Int?
  @Option(help: "Pixels, a multiple of 8 (the model's).") var height: Int?
  @Option(help: "Pictures in all.") var count = 1
  @Option(help: "Pictures at once.") var batch = 1
  @Option(help: "Layers of the text encoder to skip, as diffusers counts.") var clipSkip: Int?
  @Option(help: "A .png, .jpg or .safetensors file, a folder, or a pattern with {index} {seed} {prompt}.")
  var output: String?
  @Flag(help: "Leaves the parameters out of the file.") var noMetadata = false
  @OptionGroup var compute: ComputeOptions

  func validate() throws {
    guard !prompt.allSatisfy(\.isWhitespace) else {
      throw ValidationError("the prompt is empty: say what the picture shows")
    }
    guard count >= 1, batch >= 1 else { throw ValidationError("--count and --batch must be at least 1") }
  }

  func run() throws {
    Interruption.install()
    try reportingFailures { try compute.run(generate) }
  }

  private func generate() throws {
    let (spec, folder) = try ModelLocator().pipeline(model)
    let naming = try OutputNaming(output, count: count)
    let components = try PipelineComponents(folder: folder, name: spec.name)
    let pipeline = TextToImage(components, precision: compute.chosenPrecision)
    let first = seed ?? UInt64.random(in: 0..<(1 << 32))
    let all = try request(
      spec, components, prompts: Array(repeating: prompt, count: count),
      seeds: (0..<count).map { first &+ UInt64($0) })
    try all.validate(multiple: pipeline.sizeMultiple, trainSteps: components.scheduler.trainSteps)
    let writer = PictureWriter(format: naming.format, embedsParameters: !noMetadata)
    try naming.check(naming.url(index: 0, seed: first, prompt: prompt))
    for start in stride(from: 0, to: count, by: batch) {
      var part = all
      part.prompts = Array(all.prompts[start..<min(start + batch, count)])
      part.seeds = Array(all.seeds[start..<min(start + batch, count)])
      let started = Date()
      let bar = ProgressBar("picture \(start + 1)/\(count)", quiet: compute.quiet)
      let made = try pipeline.generate(part) { step in
        try Interruption.check()
        bar.show(step.index + 1, of: step.count)
      }
      let seconds = Date().timeIntervalSince(started) / Double(part.seeds.count)
      for row in part.seeds.indices {
        let url = naming.url(index: start + row, seed: part.seeds[row], prompt: prompt)
        try naming.prepare(url)
        let settings = PictureWriter.Settings(part, index: row, model: spec.name)
        try writer.write(made, index: row, settings: settings, to: url)
        try announce(url, settings, seconds: seconds)
      }
    }
  }

  /// The pipeline's settings with the flags put over them.
  private func request(
    _ spec: PipelineSpec, _ components: PipelineComponents, prompts: [String], seeds: [UInt64]
  ) throws -> GenerationRequest {
    let schedulerClass = components.scheduler.className
    guard
      let sampler = sampler ?? spec.sampler ?? SamplerName(schedulerClass: schedulerClass)
    else {
      throw GenerationError.unsupported(
        what: "the model's scheduler \(schedulerClass) is not in this version: give --sampler ddim or ddpm")
    }
    return GenerationRequest(
      prompts: prompts, negativePrompt: negative, steps: steps ?? spec.steps,
      guidance: Guidance(
        scale: cfg ?? spec.guidance, rescale: guidanceRescale ?? spec.guidanceRescale),
      sampler: sampler, eta: eta ?? spec.eta, seeds: seeds, stream: rng,
      width: width ?? spec.width ?? components.defaultSize,
      height: height ?? spec.height ?? components.defaultSize, clipSkip: clipSkip)
  }

  private func announce(_ url: URL, _ settings: PictureWriter.Settings, seconds: Double) throws {
    if compute.json {
      let result = PictureResult(
        path: url.path, prompt: settings.prompt, seed: settings.seed, width: settings.width,
        height: settings.height, steps: settings.steps, cfg: settings.guidance.scale,
        sampler: settings.sampler, model: settings.model, seconds: seconds)
      let encoder = JSONEncoder()
      encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
      Terminal.out(String(decoding: try encoder.encode(result), as: UTF8.self))
    } else if !compute.quiet {
      let time = String(format: "%.1f s", seconds)
      Terminal.error("\(url.path)  seed \(settings.seed), \(time)")
    }
  }
}

/// What `--json` prints for a picture.
private struct PictureResult: Encodable {
  let path, prompt: String
  let seed: UInt64
  let width, height, steps: Int
  let cfg: Float
  let sampler, model: String
  let seconds: Double
}
