import Checkpoints
import Evaluation
import Foundation
import Generation
import Images
import ModelFiles
import Models
import NN
import TensorCore
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
    let features = network.features(.concatenate([network.input(image), network.input(image)], axis: 0))
    #expect(features.pooled.shape == [2, network.featureCount] && features.logits?.shape == [2, 3])
    #expect(network.name.contains(folder.lastPathComponent))
    #expect(try network.textFeatures(["a"]) == nil)
  }

  @Test func oneOfLatentsDoesNot() throws {
    let folder = folder()
    defer { try? FileManager.default.removeItem(at: folder) }
    var space = SampleSpace.pixels
    (space.channels, space.downscale) = (4, 8)
    try write(space, channels: 4, to: folder)
    #expect(throws: EvaluationError.self) { try FeatureNetworks.open(folder.path) }
    #expect(throws: EvaluationError.self) { try FeatureNetworks.open(folder.deletingLastPathComponent().path) }
  }
}
