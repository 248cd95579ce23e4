import Checkpoints
import Foundation
import Models
import NN
import ReferenceSupport
import TensorCore
import TestSupport
import Testing

/// The network that looks at noisy samples, and the U-Net that is told classes, against torch's.
@Suite struct EncoderUNetTests {
  private let expected: TensorFile

  init() throws { expected = try TensorFile(fixtureURL("guides/expected.safetensors")) }

  private func image(_ key: String) throws -> Tensor {
    let tensor = try expected.tensor(key)
    return Tensor(channelsFirst: tensor.floats(), shape: tensor.shape)
  }

  private func encoder(isTrainable: Bool = false) throws -> (model: EncoderUNet2DModel, parameters: [Parameter]) {
    let folder = ModelFolder(fixtureURL("guides/classifier_sd1_tiny/encoder"))
    let config = try folder.decode(EncoderUNet2DConfig.self)
    return try folder.load(isTrainable: { _ in isTrainable }, { path, _ in EncoderUNet2DModel(path, config) })
  }

  /// One row with 1 at its class.
  private var targets: Tensor { Tensor([0, 1, 0, 0, 0, 1] as [Float], shape: [2, 3]) }

  @Test(arguments: fastDeviceNames) func logitsAndFeatures(device: String) throws {
    try on(device) {
      let (model, x) = (try encoder().model, try image("classifier.x"))
      expectMatch(
        model(x, timesteps: [37, 812.5]).floats(), try expected.tensor("classifier.logits").floats(), tolerance: 1e-5,
        "logits on \(device)")
      let features = model.features(x, timesteps: [37, 812.5])
      #expect(features.shape == [2, model.featureCount])
      expectMatch(
        features.floats(), try expected.tensor("classifier.features").floats(), tolerance: 1e-5, "features on \(device)"
      )
    }
  }

  /// The gradient that guides: of `log p(class | x, t)` with respect to the sample.
  @Test(arguments: fastDeviceNames) func gradientOfTheSample(device: String) throws {
    try on(device) {
      let (model, x) = (try encoder().model, Variable(try image("classifier.x")))
      let (_, gradients) = valueAndGradients {
        model(x.value, timesteps: [37, 812.5]).crossEntropy(targets) * -2
      }
      expectMatch(
        try #require(gradients[x]).channelsFirstFloats(), try expected.tensor("classifier.gradient").floats(),
        tolerance: 2e-4, "gradient of the sample on \(device)")
    }
  }

  @Test func gradientsOfTheWeights() throws {
    let (model, parameters) = try encoder(isTrainable: true)
    let x = try image("classifier.x")
    let (loss, gradients) = valueAndGradients { model(x, timesteps: [37, 812.5]).crossEntropy(targets) }
    expectClose([loss.scalar], try expected.tensor("classifier.loss").floats(), rtol: 1e-5, "loss")
    #expect(parameters.count == 80)
    var compared = 0
    for parameter in parameters {
      let wanted = try expected.tensor("classifier.grad.\(parameter.name)").floats()
      // Zero in exact arithmetic: what a normalisation or the softmax takes away again.
      guard let largest = wanted.map(abs).max(), largest > 1e-5 else { continue }
      expectMatch(
        try #require(gradients[parameter], "\(parameter.name)").floats(), wanted, tolerance: 5e-4, parameter.name)
      compared += 1
    }
    #expect(compared >= 50)
  }

  /// Without torch: the slope of the whole network along every direction of a small sample.
  @Test func gradientIsTheSlope() throws {
    try on("reference") {
      let model = try encoder().model
      var random = TestRandom(seed: 8)
      let x = random.tensor([1, 4, 2, 4], device: .reference)
      let target = Tensor([0, 0, 1] as [Float], shape: [1, 3])
      func says(_ x: Tensor) -> Tensor { model(x, timesteps: [200]).crossEntropy(target) * -1 }
      let variable = Variable(x)
      let (_, gradients) = valueAndGradients { says(variable.value) }
      let slopes = finiteDifference(at: x.floats()) { Double(says(Tensor($0, shape: x.shape)).scalar) }
      expectMatch(
        try #require(gradients[variable]).floats(), slopes.map(Float.init), tolerance: 2e-3, "slopes of the classifier")
    }
  }

  @Test func samplesOfAnySizeAreTaken() throws {
    let model = try encoder().model
    var random = TestRandom(seed: 2)
    for shape in [[1, 5, 7, 4], [2, 32, 20, 4], [1, 1, 1, 4]] {
      let out = model(random.tensor(shape), timesteps: Array(repeating: 0, count: shape[0]))
      #expect(out.shape == [shape[0], 3] && out.firstNonFinite == nil)
    }
  }

  @Test(arguments: [
    (#"{"in_channels": 4, "unheard_of": 1}"#, "unheard_of"),
    (#"{"block_out_channels": [8, 12]}"#, "block_out_channels"),
    (#"{"down_block_types": ["DownBlock2D"]}"#, "down_block_types"), (#"{"projection_dim": 0}"#, "projection_dim"),
    (#"{"down_block_types": ["CrossAttnDownBlock2D", "DownBlock2D", "DownBlock2D"]}"#, "down_block_types"),
  ])
  func configurationsThatCannotBe(json: String, key: String) {
    #expect {
      try JSONDecoder().decode(EncoderUNet2DConfig.self, from: Data(json.utf8))
    } throws: { "\($0)".contains(key) }
  }

  /// diffusers' `UNet2DModel` with `num_class_embeds`.
  @Test func networkThatIsToldClasses() throws {
    let folder = ModelFolder(fixtureURL("guides/classes/unet"))
    let config = try folder.decode(UNet2DConfig.self)
    let again = try JSONDecoder().decode(UNet2DConfig.self, from: JSONEncoder().encode(config))
    #expect(again == config && again.classCount == 4)
    let model = try folder.load { path, _ in UNet2DModel(path, config) }.model
    let out = model(try image("classes.x"), timesteps: [10, 700], classes: [2, 3])
    expectMatch(
      out.channelsFirstFloats(), try expected.tensor("classes.out").floats(), tolerance: 1e-5, "network told classes")
  }
}
