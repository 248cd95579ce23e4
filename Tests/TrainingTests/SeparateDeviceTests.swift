import Adapters
import Models
import NN
import ReferenceSupport
import TensorCore
import TestSupport
import Testing
import Training

/// Training steps on a device whose memory is not the processor's.
@Suite struct SeparateDeviceTests {
  /// Two steps of an adapter's training; losses, norms and what the parameters became.
  private func steps(_ optimizer: OptimizerName) throws -> [[Float]] {
    let (unet, parameters) = try ReferenceCase("sd1_tiny").load("unet", UNet2DConditionConfig.self) {
      UNet2DConditionModel($0, $2)
    }
    let adapters = try TrainableAdapters([.unet: parameters], targets: .transformer, rank: 3, alpha: 1.5, seed: 1)
    var settings = OptimizerSettings()
    settings.name = optimizer
    var steps = settings.make(adapters.parameters)
    var random = TestRandom(seed: 5)
    var seen: [[Float]] = []
    for _ in 0..<2 {
      let (x, context, target) = (
        random.tensor([2, 8, 8, 4]), random.tensor([2, 5, 32]), random.tensor([2, 8, 8, 4])
      )
      let (loss, gradients) = valueAndGradients {
        (unet(x, timesteps: [10, 900], encoderHiddenStates: context) - target).squared.mean()
      }
      let norm = gradients.norm(of: adapters.parameters)
      steps.step(gradients, scale: settings.clipping(norm: norm), rates: adapters.parameters.map { _ in 1e-2 })
      seen.append([loss.scalar, Float(norm)])
    }
    return seen + adapters.parameters.map { $0.value.floats() }
  }

  @Test(arguments: [OptimizerName.adamW, .muon]) func theSameSteps(_ optimizer: OptimizerName) throws {
    let (device, memory) = Device.separate(computingAs: .best)
    let (there, here) = try Processor.withThreads(2) {
      (
        try Device.$current.withValue(device) { try steps(optimizer) },
        try Device.$current.withValue(.best) { try steps(optimizer) }
      )
    }
    #expect(there == here)
    #expect(here.allSatisfy { $0.allSatisfy { $0.isFinite } } && here[0][0] != here[1][0])
    #expect(memory.traffic.kernels > 500 && memory.traffic.liveBytes == 0, "\(memory.traffic)")
  }

  /// The forward and the backward pass bring nothing back; the clipping's norm is one wait.
  @Test func aStepDownloadsNothing() throws {
    let (device, memory) = Device.separate(computingAs: .best)
    try Device.$current.withValue(device) {
      let (unet, parameters) = try ReferenceCase("sd1_tiny").load("unet", UNet2DConditionConfig.self, isTrainable: true)
      {
        UNet2DConditionModel($0, $2)
      }
      var random = TestRandom(seed: 5)
      let (x, context) = (random.tensor([1, 8, 8, 4]), random.tensor([1, 5, 32]))
      let before = memory.traffic.downloads
      let (_, gradients) = valueAndGradients { unet(x, timesteps: [10], encoderHiddenStates: context).squared.mean() }
      let norm = gradients.norm(of: parameters)
      #expect(memory.traffic.downloads == before)
      #expect(norm.isFinite && norm > 0)
    }
  }
}
