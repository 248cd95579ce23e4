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

/// Adapters on sd1_tiny against torch and peft (`Fixtures/training/make_fixtures.py`).
@Suite struct LoRAParityTests {
  /// What is adapted.
  enum Case: String, CaseIterable, Sendable {
    /// The U-Net's transformers, under texts that are given.
    case transformers = "lora"
    /// The whole U-Net, 3×3 convolutions with a rank of their own, and the text encoder at a rate of its own.
    case everything = "lora_all"
  }

  private struct Setting {
    let unet: UNet2DConditionModel
    let text: CLIPTextModel?
    let adapters: TrainableAdapters
    let file: TensorFile

    /// The parameter's name in the fixture: text encoders have no `text_model.` there.
    func key(_ parameter: Parameter) -> String { parameter.name.replacing(".text_model.", with: ".") }
  }

  private func setting(_ kind: Case) throws -> Setting {
    let reference = try ReferenceCase("sd1_tiny")
    let (unet, parameters) = try reference.load("unet", UNet2DConditionConfig.self) { UNet2DConditionModel($0, $2) }
    let file = try TensorFile(fixtureURL("training/\(kind.rawValue).safetensors"))
    var text: CLIPTextModel?
    let adapters: TrainableAdapters
    switch kind {
    case .transformers:
      adapters = try TrainableAdapters([.unet: parameters], targets: .transformer, rank: 3, alpha: 1.5, seed: 1)
    case .everything:
      let (encoder, words) = try reference.load("text_encoder", CLIPTextConfig.self) {
        CLIPTextModel($0, $2, prefixed: CLIPTextModel.isPrefixed($1))
      }
      text = encoder
      adapters = try TrainableAdapters(
        [.unet: parameters, .textEncoder: words], targets: .all, rank: 2, alpha: 1, convolutionRank: 1, seed: 1)
    }
    let setting = Setting(unet: unet, text: text, adapters: adapters, file: file)
    let starts = Set(file.keys.filter { $0.hasPrefix("start/") })
    #expect(starts == Set(adapters.parameters.map { "start/\(setting.key($0))" }), "peft adapts the same layers")
    for parameter in adapters.parameters {
      let start = try file.tensor("start/\(setting.key(parameter))").ownedFloat32()
      parameter.replace(with: start.reshaped(parameter.shape))
    }
    return setting
  }

  private func loss(_ s: Setting, step: Int) throws -> Tensor {
    let folder = ModelFolder(try ReferenceCase("sd1_tiny").url.appendingPathComponent("scheduler"))
    let schedule = try folder.decode(SchedulerConfig.self, from: "scheduler_config.json").schedule
    let latents = try channelsLast(s.file.tensor("latents"))
    let noise = try channelsLast(s.file.tensor("noise").slice(axis: 0, from: step, count: 1).reshaped([2, 4, 8, 8]))
    let timesteps = try s.file.tensor("timesteps").floats()[(2 * step)..<(2 * step + 2)].map { Int($0) }
    let noisy = schedule.addNoise(latents, noise: noise, timesteps: timesteps)
    let output = try s.unet(noisy, timesteps: timesteps.map(Float.init), encoderHiddenStates: context(s))
    return (output - noise).squared.mean()
  }

  private func context(_ s: Setting) throws -> Tensor {
    guard let text = s.text else { return try s.file.tensor("context").ownedFloat32() }
    let ids = try s.file.tensor("ids")
    let rows = (0..<ids.shape[0]).map { ids.slice(axis: 0, from: $0, count: 1).floats().map { Int32($0) } }
    return text(rows).lastHiddenState
  }

  private func channelsLast(_ x: Tensor) -> Tensor { Tensor(channelsFirst: x.floats(), shape: x.shape) }

  /// Kept and recomputed blocks both.
  @Test(arguments: Case.allCases, [false, true]) func everyGradientMatches(kind: Case, recomputed: Bool) throws {
    let s = try setting(kind)
    let (_, gradients) = try Recomputation.$isOn.withValue(recomputed) {
      try valueAndGradients { try loss(s, step: 0) }
    }
    var zeros = 0
    for parameter in s.adapters.parameters {
      let expected = try s.file.tensor("grad/\(s.key(parameter))").floats()
      if expected.allSatisfy({ abs($0) < 1e-8 }) {
        // Norms of 32 groups on 32 channels take away what the time adds to each: both have nothing but rounding.
        #expect(gradients[parameter]?.floats().allSatisfy { abs($0) < 1e-8 } == true, "\(parameter.name)")
        zeros += 1
        continue
      }
      // The project's bound for stored gradients is 1e-3 of the range; these come within 1e-4.
      expectMatch(gradients[parameter]?.floats() ?? [], expected, tolerance: 1e-4, parameter.name)
    }
    // Two matrices in each of five blocks of 32 channels.
    #expect(zeros == (kind == .everything ? 10 : 0))
  }

  @Test(arguments: Case.allCases) func twentyStepsFollowPeft(kind: Case) throws {
    let s = try setting(kind)
    let settings = OptimizerSettings()
    let parameters = s.adapters.parameters
    let rates: [Float] = parameters.map { $0.name.hasPrefix("text_encoder.") ? 1e-3 : 5e-3 }
    var optimizer = settings.make(parameters)
    let expected = try s.file.tensor("losses").floats()
    for step in 0..<expected.count {
      let (value, gradients) = try valueAndGradients { try loss(s, step: step) }
      #expect(abs(value.scalar - expected[step]) <= 1e-4 * expected[step], "step \(step): \(value.scalar)")
      optimizer.step(gradients, scale: settings.clipping(norm: gradients.norm(of: parameters)), rates: rates)
    }
  }
}
