import Checkpoints
import Evaluation
import Foundation
import Generation
import Images
import ModelFiles
import Models
import NN
import TensorCore
import TestSupport
import Testing

/// Networks that `imago train` writes, as judges.
@Suite struct GuideFeaturesTests {
  private func folder() -> URL {
    FileManager.default.temporaryDirectory.appendingPathComponent("guide-\(UUID().uuidString)")
  }

  /// Writes a classifier with random weights.
  private func write(_ space: SampleSpace, channels: Int, to folder: URL) throws {
    var config = EncoderUNet2DConfig()
    (config.sampleSize, config.inChannels, config.projectionDim) = (16, channels, 3)
    let store = ParameterStore(RandomInitialization(seed: 1))
    _ = EncoderUNet2DModel(store.root, config)
    try ModelFolder(folder.appendingPathComponent("encoder")).save(
      store.parameters, config: config, className: "EncoderUNet2DModel", name: "model", dtype: .f32)
    try GuideFolder(folder).save(
      GuideFolder.Index(kind: .classifier, space: space, classes: ["a", "b", "c"]), scheduler: nil)
  }

  @Test func aClassifierOfPixelsJudges() throws {
    let folder = folder()
    defer { try? FileManager.default.removeItem(at: folder) }
    try write(.pixels, channels: 3, to: folder)
    let network = try FeatureNetworks.open(folder.path)
    let image = Image(width: 20, height: 30, channels: 3, pixels: (0..<1800).map { UInt8($0 % 251) })
    let features = try network.features(.concatenate([network.input(image), network.input(image)], axis: 0))
    #expect(features.pooled.shape == [2, network.featureCount] && features.logits?.shape == [2, 3])
    #expect(network.name.contains(folder.lastPathComponent))
    #expect(try network.textFeatures(["a"]) == nil)
  }

  /// One of the bundled model's latents is shown those of the picture.
  @Test func aClassifierOfTheBundledLatentsJudges() throws {
    let folder = folder()
    defer { try? FileManager.default.removeItem(at: folder) }
    let autoencoder = try PipelineComponents.bundled().autoencoder
    try write(SampleSpace(of: autoencoder), channels: autoencoder.latentChannels, to: folder)
    let network = try FeatureNetworks.open(folder.path)
    let input = network.input(Image(width: 20, height: 30, channels: 3, pixels: (0..<1800).map { UInt8($0 % 251) }))
    #expect(input.shape == [1, 16 * autoencoder.downscale, 16 * autoencoder.downscale, 3])
    let codec = LatentCodec(autoencoder, precision: .f32)
    let latents = codec.scaled(try codec.distribution(input).mean)
    #expect(latents.shape == [1, 16, 16, autoencoder.latentChannels])
    let logits = try #require(try network.features(.concatenate([input, input], axis: 0)).logits)
    let expected = try NoisyClassifier(folder).logits(latents, timesteps: [0])
    expectClose(logits, .concatenate([expected, expected], axis: 0), atol: 1e-5, rtol: 1e-4)
  }

  @Test func oneOfOtherLatentsDoesNot() throws {
    let folder = folder()
    defer { try? FileManager.default.removeItem(at: folder) }
    var space = SampleSpace.pixels
    (space.channels, space.downscale) = (4, 8)
    try write(space, channels: 4, to: folder)
    #expect(throws: EvaluationError.self) { try FeatureNetworks.open(folder.path) }
    #expect(throws: EvaluationError.self) { try FeatureNetworks.open(folder.deletingLastPathComponent().path) }
  }

  /// Writes a contrastive model of pixels with random weights, and the tokenizer of the fixtures.
  private func writeContrastive(to folder: URL) throws {
    let source = fixtureURL("guides/contrastive")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    for part in ["text_encoder", "tokenizer"] {
      try FileManager.default.copyItem(
        at: source.appendingPathComponent(part), to: folder.appendingPathComponent(part))
    }
    var config = EncoderUNet2DConfig()
    (config.sampleSize, config.projectionDim) = (16, 6)
    let store = ParameterStore(RandomInitialization(seed: 2))
    _ = EncoderUNet2DModel(store.root, config)
    try ModelFolder(folder.appendingPathComponent("image_encoder")).save(
      store.parameters, config: config, className: "EncoderUNet2DModel", name: "model", dtype: .f16)
    try GuideFolder(folder).save(
      GuideFolder.Index(kind: .contrastive, space: .pixels, logitScale: 20), scheduler: nil)
  }

  /// Pictures are compared by what is seen, and held against texts where both lie.
  @Test func aContrastiveModelReads() throws {
    let folder = folder()
    defer { try? FileManager.default.removeItem(at: folder) }
    try writeContrastive(to: folder)
    let network = try FeatureNetworks.open(folder.path)
    let names = ["a.png", "b.png", "c.png"]
    let pictures = JudgedPictures(
      place: "here", names: names, captions: ["a cat", "on the moon", "a cat"],
      truths: names.map { _ in PictureTruth() }
    ) { index in
      Image(width: 20, height: 30, channels: 3, pixels: (0..<1800).map { UInt8(($0 * (index + 1)) % 251) })
    }
    let features = try PictureFeatures(pictures, network)
    let common = try #require(features.common)
    #expect(features.pooled.columns == network.featureCount && network.featureCount == 64 && common.columns == 6)
    let model = try ContrastiveModel(folder)
    let images = Tensor.concatenate(try (0..<3).map { network.input(try pictures.image($0)) }, axis: 0)
    let expected = model.embedding(ofSamples: images, timesteps: [0, 0, 0]).floats()
    expectClose(common.values.map { Float($0) }, expected, rtol: 1e-5, "places among texts")
    let texts = try #require(try network.textFeatures(pictures.captions))
    let report = try PictureEvaluation(network).report(features, reference: nil)
    #expect(report.measures.map(\.name) == ["agreement", "agreement with others' texts"])
    // Both have length 1, so cosines are products.
    let cosine = (0..<3).map { row in
      (0..<6).reduce(0) { $0 + expected[6 * row + $1] * texts.floats()[6 * row + $1] }
    }
    #expect(abs(report.measures[0].estimate.value - Double(cosine.reduce(0, +) / 3)) < 1e-5)
  }
}
