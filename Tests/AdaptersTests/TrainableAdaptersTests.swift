import Adapters
import Checkpoints
import Foundation
import Models
import NN
import ReferenceSupport
import TensorCore
import TestSupport
import Testing

/// Fresh adapters for training, and the files they are written to.
@Suite struct TrainableAdaptersTests {
  private func unet(_ name: String) throws -> (model: UNet2DConditionModel, parameters: [Parameter]) {
    try ReferenceCase(name).load("unet", UNet2DConditionConfig.self) { UNet2DConditionModel($0, $2) }
  }

  private func output(_ model: UNet2DConditionModel) -> [Float] {
    var random = TestRandom(seed: 1)
    let sample = random.tensor([1, 16, 16, 4])
    let context = random.tensor([1, 7, model.config.crossAttentionDim])
    let width = (model.config.projectionClassEmbeddingsInputDim ?? 0) - 6 * (model.config.additionTimeEmbedDim ?? 0)
    let added = AddedConditions(pooledText: random.tensor([1, max(width, 1)]), timeIDs: [[64, 64, 0, 0, 64, 64]])
    return model(
      sample, timesteps: [500], encoderHiddenStates: context,
      added: model.config.additionEmbedType == nil ? nil : added
    ).floats()
  }

  /// Fresh adapters change nothing; trained ones do the same when they are written, read and merged.
  @Test(arguments: ["sd1_tiny", "sdxl_tiny"], [AdapterFormat.kohya, .diffusers])
  func writtenFileDoesTheSame(_ name: String, _ format: AdapterFormat) throws {
    let (model, parameters) = try unet(name)
    let plain = output(model)
    let adapters = try TrainableAdapters([.unet: parameters], targets: .all, rank: 3, alpha: 1.5, seed: 4)
    #expect(output(model) == plain)
    var random = TestRandom(seed: 2)
    for parameter in adapters.parameters where parameter.name.hasSuffix("lora_up.weight") {
      parameter.replace(with: random.tensor(parameter.shape) * 0.1)
    }
    let trained = output(model)
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("trained-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let url = folder.appendingPathComponent("style.safetensors")
    try adapters.write(to: url, format: format, dtype: .f32, metadata: ["ss_output_name": "style"])
    adapters.detach()
    #expect(output(model) == plain)

    let shapes = ShapeList(Dictionary(uniqueKeysWithValues: parameters.map { ($0.name, $0.shape) }))
    let merger = try AdapterMerger([AdapterRequest(path: url.path)], networks: [.unet: shapes])
    let report = merger.reports[0]
    #expect(report.unusedKeys == [] && report.ranks == [3])
    #expect(report.matchedKeys == adapters.parameters.count / 2 * (format == .kohya ? 3 : 2))
    #expect(try AdapterFile(url).metadata["ss_output_name"] == "style")
    merger.merge(into: parameters, of: .unet, precision: .float32)
    // 1e-5 of the range: the products are summed in another order.
    expectMatch(output(model), trained, tolerance: 1e-5, "\(name) \(format.rawValue)")
    let worst = zip(plain, trained).map { abs($0 - $1) }.max() ?? 0
    #expect(worst > 1e-3)
  }

  /// Text encoders' modules are named by the end of their paths, which both newer and older libraries have.
  @Test func targetsOfTextEncoders() throws {
    var random = TestRandom(seed: 3)
    let weight = Parameter(
      name: "text_model.encoder.layers.0.self_attn.q_proj.weight", value: random.tensor([8, 8]), isTrainable: false)
    let adapters = try TrainableAdapters([.textEncoder: [weight]], targets: .attention, rank: 2, alpha: 2, seed: 4)
    let url = FileManager.default.temporaryDirectory.appendingPathComponent("text-\(UUID().uuidString).safetensors")
    defer { try? FileManager.default.removeItem(at: url) }
    try adapters.write(to: url, format: .diffusers, dtype: .f32, metadata: [:])
    adapters.detach()
    let file = try AdapterFile(url)
    #expect(file.metadata["lora_adapter_metadata"]?.contains("[\"encoder.layers.0.self_attn.q_proj\"]") == true)
    #expect(
      try TensorFile(url).keys.contains("text_encoder.text_model.encoder.layers.0.self_attn.q_proj.lora_A.weight"))
  }

  /// kohya's names: with numbers of blocks for SDXL, with diffusers' path for the others.
  @Test(arguments: [("sd1_tiny", "lora_unet_down_blocks_"), ("sdxl_tiny", "lora_unet_input_blocks_")])
  func kohyaNames(_ name: String, _ start: String) throws {
    let adapters = try TrainableAdapters([.unet: try unet(name).parameters], rank: 1, alpha: 1, seed: 0)
    let url = FileManager.default.temporaryDirectory.appendingPathComponent("names-\(UUID().uuidString).safetensors")
    defer { try? FileManager.default.removeItem(at: url) }
    try adapters.write(to: url)
    let file = try TensorFile(url)
    #expect(file.keys.contains { $0.hasPrefix(start) })
    #expect(file.metadata["ss_network_dim"] == "1")
    #expect(file.keys.filter { $0.hasSuffix("lora_down.weight") }.allSatisfy { (try? file.tensor($0))?.dtype == .f16 })
  }

  /// The numbers of modules other tools have for SD 1.5's shapes.
  @Test(arguments: [(AdapterTargets.attention, 128), (.transformer, 192), (.all, 192 + 86)])
  func numberOfTargets(_ targets: AdapterTargets, _ count: Int) throws {
    let shapes = try ShapeList(published: "keys_sd15_unet").shapes
    let parameters = shapes.map {
      Parameter(name: $0.key, value: .zeros($0.value.map { min($0, 2) }), isTrainable: false)
    }
    let adapters = try TrainableAdapters([.unet: parameters], targets: targets, rank: 1, alpha: 1, seed: 0)
    #expect(adapters.parameters.count == 2 * count)
  }

  @Test(arguments: [(0, Float(1)), (4, 0), (4, .nan), (5000, 1)])
  func badSettings(_ rank: Int, _ alpha: Float) throws {
    let parameters = try unet("sd1_tiny").parameters
    #expect(throws: AdapterError.self) {
      try TrainableAdapters([.unet: parameters], rank: rank, alpha: alpha, seed: 0)
    }
    #expect(throws: AdapterError.self) { try TrainableAdapters([.unet: []], rank: 1, alpha: 1, seed: 0) }
  }
}
