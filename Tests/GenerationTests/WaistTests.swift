import Conditioning
import Diffusion
import Generation
import Models
import PipelineSupport
import TensorCore
import TestSupport
import Testing

/// The configuration of a network that knows exactly what latents of its classes look like.
private struct GaussianClassesConfig: DenoisingNetworkConfig {
  var className: String { "GaussianClasses" }
  var sampleSize: Int { 8 }
  var inChannels: Int { 4 }
  var predictionChannels: Int { 4 }
  var classRows: Int? { 3 }
  var sideMultiple: Int { 2 }
  func work(width: Int, height: Int, tokens: Int) -> NetworkWork { NetworkWork() }
  func validate() {}
}

/// Clean latents of class k are k + 1 everywhere, of no class 0: with `x = √ᾱ clean + √(1 − ᾱ) noise` the noise is known.
private struct GaussianClasses: DenoisingNetwork {
  let config = GaussianClassesConfig()
  let schedule: NoiseSchedule
  /// Rows of each call.
  let calls = CallLog()

  func output(_ sample: Tensor, timesteps: [Float], _ told: NetworkConditioning) -> NetworkOutput {
    let classes = told.classes ?? []
    precondition(told.context == nil && classes.count == sample.shape[0] && timesteps.count == sample.shape[0])
    calls.add(classes.count)
    let rows = classes.indices.map { row in
      let bar = schedule.alphasCumprod[Int(timesteps[row])]
      let clean = classes[row] == 2 ? Float(0) : Float(classes[row] + 1)
      return (sample.slice(axis: 0, from: row, count: 1).cast(to: .f32) - clean * bar.squareRoot())
        * (1 / (1 - bar).squareRoot())
    }
    return NetworkOutput(prediction: Tensor.concatenate(rows, axis: 0))
  }
}

/// A network of another kind than any model here has, told classes in place of texts: all of a run takes it.
@Suite struct WaistTests {
  private func components() throws -> (PipelineComponents, GaussianClasses) {
    let scheduler = SchedulerConfig()
    let network = GaussianClasses(schedule: scheduler.schedule)
    let autoencoder = try EditFixtures.components().autoencoder
    return (
      PipelineComponents(
        text: ClassNames(["one", "two"], noClass: 2), network: network, autoencoder: autoencoder, scheduler: scheduler,
        name: "classes"), network
    )
  }

  private func request(_ prompts: [String], scale: Float) -> GenerationRequest {
    GenerationRequest(
      prompts: prompts, steps: 10, guidance: Guidance(scale: scale), sampler: .ddim,
      seeds: prompts.indices.map { UInt64($0) }, width: 32, height: 16)
  }

  private func latents(_ prompts: [String], scale: Float) throws -> [[Float]] {
    let (components, _) = try components()
    let all = try TextToImage(components, precision: .f32).generate(request(prompts, scale: scale)).latents
    return prompts.indices.map { all.slice(axis: 0, from: $0, count: 1).floats() }
  }

  @Test func theClassDecides() throws {
    let found = try latents(["one", "two"], scale: 1)
    // What is left of the noise at DDIM's last step: √(1 − ᾱ₀) / √ᾱ₀ of it is taken off exactly.
    expectClose(found[0], found[0].map { _ in 1 }, atol: 1e-3, "one")
    expectClose(found[1], found[1].map { _ in 2 }, atol: 1e-3, "two")
  }

  /// `u + s (c − u)` with u = 0.
  @Test func guidanceMeasuresFromNoClass() throws {
    let found = try latents(["one", "two"], scale: 1.5)
    expectClose(found[0], found[0].map { _ in 1.5 }, atol: 2e-3, "one")
    expectClose(found[1], found[1].map { _ in 3 }, atol: 2e-3, "two")
  }

  /// Guidance rows of all pictures are one call where that changes no bit, else those of each picture.
  @Test(arguments: [Precision.f32, .bf16], [(Float(1), 1), (2, 2)])
  func picturesGoTogether(precision: Precision, guided: (scale: Float, rows: Int)) throws {
    let (components, network) = try components()
    _ = try TextToImage(components, precision: precision).generate(request(["one", "two", "one"], scale: guided.scale))
    let isOne = precision == .bf16 && Device.current.name == "onednn"
    let calls = isOne ? Array(repeating: 3 * guided.rows, count: 10) : Array(repeating: guided.rows, count: 30)
    #expect(network.calls.rows == calls)
  }

  /// The autoencoder's pixels times the network's patches.
  @Test func sidesFitTheNetwork() throws {
    let (components, _) = try components()
    #expect(components.sizeMultiple == max(8, components.autoencoder.downscale * 2))
    #expect(components.defaultSize == 8 * components.autoencoder.downscale)
  }

  @Test func unknownClasses() throws {
    #expect(throws: GenerationError.self) { try latents(["three"], scale: 1) }
  }
}
