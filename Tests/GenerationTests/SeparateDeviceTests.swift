import Diffusion
import Generation
import Models
import PipelineSupport
import ReferenceSupport
import TensorCore
import TestSupport
import Testing

/// A picture on a device whose memory is not the processor's, which computes as the fastest one here does.
@Suite struct SeparateDeviceTests {
  private func picture(_ precision: Precision, _ sampler: SamplerName) throws -> GeneratedBatch {
    let components = try ReferencePipelines.components(ReferenceCase("sd1_tiny"))
    var request = ReferencePipelines.shortRequest(seeds: [42], prompts: ["a (red:1.3) cat on the moon"])
    request.sampler = sampler
    return try TextToImage(components, precision: precision).generate(request)
  }

  @Test(arguments: [Precision.f32, .bf16], [SamplerName.ddim, .dpmAdaptive])
  func theSamePicture(_ precision: Precision, _ sampler: SamplerName) throws {
    let (device, memory) = Device.separate(computingAs: .best)
    do {
      // Two threads on both sides: float32's last bits follow the number.
      let (there, here) = try Processor.withThreads(2) {
        (
          try Device.$current.withValue(device) { try picture(precision, sampler) },
          try Device.$current.withValue(.best) { try picture(precision, sampler) }
        )
      }
      #expect(there.latents.device === device && there.pixels.device === device)
      #expect(there.latents.floats() == here.latents.floats())
      #expect(there.pixels.floats() == here.pixels.floats())
      #expect(memory.traffic.kernels > 300, "\(memory.traffic)")
    }
    #expect(memory.traffic.liveBytes == 0, "all memory is given back")
  }

  /// Inside of a network nothing comes back to the processor.
  @Test func networksDownloadNothing() throws {
    let (device, memory) = Device.separate(computingAs: .best)
    try Device.$current.withValue(device) {
      let reference = try ReferenceCase("sd1_tiny")
      let (unet, text, autoencoder) = (
        try reference.conditionalUNet(), try reference.textEncoder(), try reference.autoencoder()
      )
      let before = memory.traffic
      let states = text([[1, 2, 3, 4]]).lastHiddenState
      let noise = unet(Tensor.zeros([1, 8, 8, 4]), timesteps: [500], encoderHiddenStates: states)
      let pixels = autoencoder.decode(noise)
      let after = memory.traffic
      #expect(after.downloads == before.downloads && after.kernels > before.kernels + 100)
      #expect(pixels.firstNonFinite == nil)
    }
  }
}
