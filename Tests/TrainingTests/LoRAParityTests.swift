import Adapters
import Checkpoints
import Diffusion
import Foundation
import Models
import NN
import ReferenceSupport
import TensorCore
import TestSupport
import Testing
import Training

/// Adapters on sd1_tiny's U-Net against torch and peft (`Fixtures/training/make_fixtures.py`).
@Suite struct LoRAParityTests {
  private struct Setting {
    let unet: UNet2DConditionModel
    let adapters: TrainableAdapters
    let file: TensorFile
  }

  private func setting() throws -> Setting {
    let (unet, parameters) = try ReferenceCase("sd1_tiny").load("unet", UNet2DConditionConfig.self) {
      UNet2DConditionModel($0, $2)
    }
    let file = try TensorFile(fixtureURL("training/lora.safetensors"))
    let adapters = try TrainableAdapters([.unet: parameters], targets: .transformer, rank: 3, alpha: 1.5, seed: 1)
    let starts = Set(file.keys.filter { $0.hasPrefix("start/") })
    #expect(starts == Set(adapters.parameters.map { "start/\($0.name)" }), "peft adapts the same layers")
    for parameter in adapters.parameters {
      parameter.replace(with: try file.tensor("start/\(parameter.name)").ownedFloat32().reshaped(parameter.shape))
    }
    return Setting(unet: unet, adapters: adapters, file: file)
  }

  private func loss(_ s: Setting, step: Int) throws -> Tensor {
    let folder = ModelFolder(try ReferenceCase("sd1_tiny").url.appendingPathComponent("scheduler"))
    let schedule = try folder.decode(SchedulerConfig.self, from: "scheduler_config.json").schedule
    let latents = try channelsLast(s.file.tensor("latents"))
    let noise = try channelsLast(s.file.tensor("noise").slice(axis: 0, from: step, count: 1).reshaped([2, 4, 8, 8]))
    let timesteps = try s.file.tensor("timesteps").floats()[(2 * step)..<(2 * step + 2)].map { Int($0) }
    let noisy = schedule.addNoise(latents, noise: noise, timesteps: timesteps)
    let output = try s.unet(
      noisy, timesteps: timesteps.map(Float.init), encoderHiddenStates: s.file.tensor("context").ownedFloat32())
    return (output - noise).squared.mean()
  }

  private func channelsLast(_ x: Tensor) -> Tensor { Tensor(channelsFirst: x.floats(), shape: x.shape) }

  /// Kept and recomputed blocks both.
  @Test(arguments: [false, true]) func everyGradientMatches(recomputed: Bool) throws {
    let s = try setting()
    let (_, gradients) = try Recomputation.$isOn.withValue(recomputed) {
      try valueAndGradients { try loss(s, step: 0) }
    }
    for parameter in s.adapters.parameters {
      let expected = try s.file.tensor("grad/\(parameter.name)").floats()
      // The project's bound for stored gradients is 1e-3 of the range; these come within 1e-4.
      expectMatch(gradients[parameter]?.floats() ?? [], expected, tolerance: 1e-4, parameter.name)
    }
  }

  @Test func twentyStepsFollowPeft() throws {
    let s = try setting()
    let settings = OptimizerSettings()
    let parameters = s.adapters.parameters
    var optimizer = settings.make(parameters)
    let expected = try s.file.tensor("losses").floats()
    for step in 0..<expected.count {
      let (value, gradients) = try valueAndGradients { try loss(s, step: step) }
      #expect(abs(value.scalar - expected[step]) <= 1e-4 * expected[step], "step \(step): \(value.scalar)")
      optimizer.step(
        gradients, scale: settings.clipping(norm: gradients.norm(of: parameters)), rates: parameters.map { _ in 5e-3 })
    }
  }
}
