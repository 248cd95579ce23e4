import Adapters
import Checkpoints
import Conditioning
import Diffusion
import Foundation
import Generation
import Models
import NN
import ReferenceSupport
import TensorCore
import TestSupport
import Testing
import Tokenizers

/// An adapter file of the reference, whose picture diffusers stored.
struct StoredAdapter: Sendable, CustomTestStringConvertible {
  let name: String
  let format: AdapterFormat
  /// The file of the second adapter in diffusers' format lost its alpha, 2 with rank 8; a weight of 1/4 stands in.
  var weight: Float = 1
  let rank: Int
  let modules: Int
  var testDescription: String { "\(name) \(format.rawValue)" }

  var url: URL { fixtureURL("reference/lora_tiny/\(name).\(format.rawValue).safetensors") }

  static let all = [
    StoredAdapter(name: "r4_a4_attn", format: .kohya, rank: 4, modules: 88),
    StoredAdapter(name: "r4_a4_attn", format: .diffusers, rank: 4, modules: 88),
    StoredAdapter(name: "r8_a2_attn_ff", format: .kohya, rank: 8, modules: 110),
    StoredAdapter(name: "r8_a2_attn_ff", format: .diffusers, weight: 0.25, rank: 8, modules: 110),
  ]
}

/// Whole pipeline calls with adapters against diffusers.
@Suite struct LoRATinyTests {
  /// 1e-4 of the range, as for the calls without adapters: guidance multiplies rounding errors at every step.
  private static let tolerance: Float = 1e-4

  @Test(arguments: StoredAdapter.all, AdapterMode.allCases)
  func storedPicture(_ adapter: StoredAdapter, mode: AdapterMode) throws {
    let reference = try ReferenceCase("sd1_tiny")
    let folder = ModelFolder(reference.url.appendingPathComponent("unet"))
    let source = CheckpointSource(try folder.weights())
    let config = try folder.decode(UNet2DConditionConfig.self)
    let request = AdapterRequest(path: adapter.url.path, weight: adapter.weight)
    let merger = try AdapterMerger([request], networks: [.unet: source])
    let store = ParameterStore(try #require(merger.adapted(mode, precision: .float32)[.unet]))
    let unet = UNet2DConditionModel(store.root, config)
    try store.finish()
    #expect(store.parameters.filter { !$0.adapters.isEmpty }.count == (mode == .factored ? adapter.modules : 0))

    let picture = try generate(unet, reference)
    let expected = try ReferenceCase("lora_tiny").floats("\(adapter.name).image_nhwc")
    expectMatch(picture, expected, tolerance: Self.tolerance, "\(adapter.testDescription)")

    let report = merger.reports[0]
    #expect(report.format == adapter.format)
    #expect(report.unusedKeys == [] && report.matchedKeys == adapter.modules * (adapter.format == .kohya ? 3 : 2))
    #expect(report.modules == ["unet": adapter.modules] && report.kinds == ["LoRA": adapter.modules])
    #expect(report.ranks == [adapter.rank])
  }

  /// The picture is not the one without the adapter: the parity above can fail.
  @Test func adapterChangesThePicture() throws {
    let reference = try ReferenceCase("sd1_tiny")
    let plain = try generate(try reference.conditionalUNet(), reference)
    let expected = try ReferenceCase("lora_tiny").floats("r4_a4_attn.image_nhwc")
    let worst = zip(plain, expected).map { abs($0 - $1) }.max() ?? 0
    #expect(worst > 0.01)
  }

  /// The stored call with a U-Net of ours.
  private func generate(_ unet: UNet2DConditionModel, _ reference: ReferenceCase) throws -> [Float] {
    let scheduler = ModelFolder(reference.url.appendingPathComponent("scheduler"))
    let components = PipelineComponents(
      text: CLIPTextEncoding([
        CLIPTextEncoder(
          tokenizer: try CLIPTokenizer(directory: fixtureURL("clip_tokenizer")), model: try reference.textEncoder())
      ]),
      network: unet, autoencoder: .kl(try reference.autoencoder()),
      scheduler: try scheduler.decode(SchedulerConfig.self, from: "scheduler_config.json"), name: "sd1_tiny")
    let request = GenerationRequest(
      prompts: ["a cat on the moon"], steps: 4, guidance: Guidance(scale: 7.5), sampler: .ddim, seeds: [5],
      stream: .torchBatch, width: 64, height: 64)
    let batch = try TextToImage(components, precision: .f32).generate(request)
    return ImageTensor.unitValues(batch.pixels).flatMap { $0 }
  }
}
