import Models
import NN
import ReferenceSupport
import TensorCore
import TestSupport
import Testing
import Training

/// Gradients of whole networks against torch's.
///
/// 2e-4 of each gradient's range: a gradient sums over all pixels and tokens, with cancellation,
/// after as many layers backward as forward, so it loses about one digit more than an output (the
/// worst here is 2e-5).
private let tolerance: Float = 2e-4

/// Some gradients are zero in exact arithmetic: of a bias that a normalisation of the same channel
/// takes away again, of a key's bias, which shifts all scores alike. What is stored for them is
/// rounding noise, a millionth of the largest gradient or less, and ours must be as small.
private let vanishing: Float = 1e-6

@Suite struct GradientParityTests {
  @Test(arguments: fastDeviceNames)
  func conditionalUNet(device: String) throws {
    try on(device) {
      let reference = try ReferenceCase("sd1_tiny")
      let (unet, parameters) = try trainableUNet(reference)
      let (loss, gradients) = valueAndGradients(try denoisingLoss(unet, reference))
      expectLoss(loss, try reference.floats("grad.loss")[0])
      try expectGradients(
        gradients, of: parameters, reference, prefix: "grad.unet.", count: 168, zeros: 13, device)
    }
  }

  @Test(arguments: fastDeviceNames)
  func autoencoder(device: String) throws {
    try on(device) {
      let reference = try ReferenceCase("sd1_tiny")
      let (vae, parameters) = try reference.load(
        "vae", AutoencoderKLConfig.self, isTrainable: true
      ) { AutoencoderKL($0, $2) }
      let image = try reference.image("vae.image")
      let (loss, gradients) = valueAndGradients {
        let latents = vae.encode(image)
        let difference = (vae.decode(latents.mean) - image).applying(.abs).mean()
        return difference + latents.divergence.mean() * 1e-3
      }
      expectLoss(loss, try reference.floats("vaegrad.loss")[0])
      try expectGradients(
        gradients, of: parameters, reference, prefix: "vaegrad.", count: 60, zeros: 2, device)
    }
  }

  @Test(arguments: fastDeviceNames)
  func textEncoder(device: String) throws {
    try on(device) {
      let reference = try ReferenceCase("sd1_tiny")
      let (encoder, parameters) = try reference.load(
        "text_encoder", CLIPTextConfig.self, isTrainable: true
      ) { CLIPTextModel($0, $2, prefixed: CLIPTextModel.isPrefixed($1)) }
      let ids = try reference.ids("text.ids")
      let (loss, gradients) = valueAndGradients {
        let h = encoder(ids).lastHiddenState
        return (h.squared * h).mean()
      }
      // A mean of cubes of both signs is small beside its terms.
      expectLoss(loss, try reference.floats("textgrad.loss")[0], tolerance: 1e-3)
      try expectGradients(
        gradients, of: parameters, reference, prefix: "textgrad.", count: 19, zeros: 1, device)
    }
  }

  /// Five steps of training: gradients, clipping to norm 1 and AdamW together.
  @Test(arguments: fastDeviceNames)
  func adamWSteps(device: String) throws {
    try on(device) {
      let reference = try ReferenceCase("sd1_tiny")
      let (unet, parameters) = try trainableUNet(reference)
      let loss = try denoisingLoss(unet, reference)
      let settings = OptimizerSettings()
      var optimizer = settings.make(parameters)
      for expected in try reference.floats("adamw.losses_5_steps") {
        let (value, gradients) = valueAndGradients(loss)
        expectLoss(value, expected)
        let scale = settings.clipping(norm: gradients.norm(of: parameters))
        optimizer.step(gradients, scale: scale, rates: parameters.map { _ in 1e-3 })
      }
      let weight = try #require(parameters.first { $0.name == "conv_out.weight" })
      // Each step moves a weight by a hundredth of its range, and weight decay by up to 5e-6 of it.
      expectMatch(
        weight.value.floats(), try reference.floats("adamw.conv_out.weight"), tolerance: 1e-5,
        "conv_out.weight after five steps on \(device)")
    }
  }

  // MARK: - Helpers

  private func trainableUNet(
    _ reference: ReferenceCase
  ) throws -> (UNet2DConditionModel, [Parameter]) {
    try reference.load("unet", UNet2DConditionConfig.self, isTrainable: true) {
      UNet2DConditionModel($0, $2)
    }
  }

  /// Mean squared error of the stored batch, as a function of the weights.
  private func denoisingLoss(
    _ unet: UNet2DConditionModel, _ reference: ReferenceCase
  ) throws -> () -> Tensor {
    let (x, noise) = (try reference.image("grad.x"), try reference.image("grad.noise"))
    let context = try reference.tensor("grad.context")
    let timesteps = try reference.floats("grad.t")
    return {
      (unet(x, timesteps: timesteps, encoderHiddenStates: context) - noise).squared.mean()
    }
  }

  private func expectLoss(
    _ loss: Tensor, _ expected: Float, tolerance: Float = 1e-5,
    sourceLocation: SourceLocation = #_sourceLocation
  ) {
    expectClose(
      [loss.scalar], [expected], rtol: tolerance, "loss", sourceLocation: sourceLocation)
  }

  /// Compares every stored gradient.
  /// - Parameters:
  ///   - count: how many are stored, so that an empty comparison cannot pass.
  ///   - zeros: how many of them vanish.
  private func expectGradients(
    _ gradients: Gradients, of parameters: [Parameter], _ reference: ReferenceCase, prefix: String,
    count: Int, zeros: Int, _ device: String
  ) throws {
    let stored = try reference.expected.keys
      .filter { $0.hasPrefix(prefix) && !$0.hasSuffix(".loss") }
      .map { ($0, try reference.floats($0)) }
    #expect(stored.count == count)
    let largest = stored.map { magnitude($0.1) }.max() ?? 0
    var zerosFound = 0
    for (key, expected) in stored {
      // transformers dropped the `text_model.` level that the weights' keys have.
      let name = key.dropFirst(prefix.count)
      let parameter = try #require(
        parameters.first { $0.name == name || $0.name == "text_model.\(name)" }, "\(key)")
      let gradient = try #require(gradients[parameter], "no gradient for \(key)").floats()
      if magnitude(expected) < vanishing * largest {
        zerosFound += 1
        #expect(magnitude(gradient) < vanishing * largest, "\(key) on \(device)")
      } else {
        expectMatch(gradient, expected, tolerance: tolerance, "\(key) on \(device)")
      }
    }
    #expect(zerosFound == zeros)
  }

  /// Largest absolute value.
  private func magnitude(_ values: [Float]) -> Float { values.reduce(0) { max($0, abs($1)) } }
}
