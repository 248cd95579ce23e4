import Checkpoints
import Evaluation
import Foundation
import Images
import NN
import ReferenceSupport
import TensorCore
import TestSupport
import Testing

/// Networks against torch, with weights that a formula makes of their keys (`Fixtures/evaluation/make_fixtures.py`).
@Suite struct FeatureNetworkTests {
  private let stored: TensorFile

  init() throws { stored = try TensorFile(fixtureURL("evaluation/networks.safetensors")) }

  /// The picture of the fixtures.
  private func picture(_ height: Int, _ width: Int) -> Image {
    var pixels: [UInt8] = []
    for y in 0..<height {
      for x in 0..<width {
        for c in 0..<3 { pixels.append(UInt8((y * 3 + x * 5 + c * 40 + y * x / 7) % 256)) }
      }
    }
    return Image(width: width, height: height, channels: 3, pixels: pixels)
  }

  private func expectStored(_ features: NetworkFeatures, _ name: String) throws {
    // Fifty layers of sums in float32, by fast algorithms.
    for (part, tensor) in [("pooled", features.pooled), ("logits", try #require(features.logits))] {
      expectMatch(tensor.floats(), try stored.tensor("\(name).\(part)").floats(), tolerance: 2e-4, "\(name) \(part)")
    }
  }

  @Test func efficientNetLite0() throws {
    let network = try FeatureNetworks.efficientNetLite0(FormulaWeights())
    let features = try network.features(network.input(picture(224, 224)))
    #expect(network.featureCount == 1280 && features.pooled.shape == [1, 1280])
    try expectStored(features, "lite")
    let places = try #require(features.places)
    expectClose(places.mean(axes: [1, 2]), features.pooled, atol: 1e-5, rtol: 1e-5)
  }

  @Test(arguments: [("grown", 40, 53), ("shrunk", 310, 420)])
  func inceptionV3(_ name: String, _ height: Int, _ width: Int) throws {
    let network = try FeatureNetworks.inceptionV3(FormulaWeights())
    let features = try network.features(network.input(picture(height, width)))
    #expect(network.featureCount == 2048)
    try expectStored(features, "inception.\(name)")
  }

  @Test func aFileOfAnotherNetworkIsNamed() throws {
    let file = FileManager.default.temporaryDirectory.appendingPathComponent("\(UUID().uuidString).safetensors")
    defer { try? FileManager.default.removeItem(at: file) }
    try TensorFile.write([("conv.weight", .zeros([4, 3, 3, 3]))], to: file)
    #expect(throws: EvaluationError.self) { try FeatureNetworks.open(file.path) }
    try TensorFile.write(
      [("_blocks.0._depthwise_conv.weight", .zeros([32, 1, 5, 5])), ("extra", .zeros([1]))], to: file)
    do {
      _ = try FeatureNetworks.open(file.path)
      Issue.record("a file without weights was taken")
    } catch let error as ParameterError {
      #expect(error.misshapen.contains { $0.hasPrefix("_blocks.0._depthwise_conv.weight [32, 1, 5, 5]") })
      #expect(error.missing.contains("_conv_stem.weight") && error.unused == ["extra"])
      #expect(!"\(error)".contains("\n"))
    }
  }
}

/// Weights that the key alone decides.
private struct FormulaWeights: ParameterSource {
  let description = "a formula"
  let keys: [String] = []

  func shape(of key: String) -> [Int]? { nil }

  func tensor(_ key: String, shape: [Int], initializer: Initializer) -> Tensor? {
    var seed: UInt64 = 0xCBF2_9CE4_8422_2325
    for byte in key.utf8 { seed = (seed ^ UInt64(byte)) &* 0x100_0000_01B3 }
    let fan = Float(shape.dropFirst().reduce(1, *))
    let isScale = key.hasSuffix("running_var") || (key.hasSuffix("weight") && shape.count == 1)
    return Tensor(shape: shape) { out in
      for index in out.indices {
        var z = UInt64(index) &* 0x9E37_79B9_7F4A_7C15 &+ seed
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        z = z ^ (z >> 31)
        let u = Float(z >> 40) * 0x1p-23 - 1
        out[index] = shape.count > 1 ? u * (6 / fan).squareRoot() : isScale ? 1 + u / 4 : u / 8
      }
    }
  }
}
