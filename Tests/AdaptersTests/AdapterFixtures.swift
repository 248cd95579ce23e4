import Adapters
import Checkpoints
import Foundation
import NN
import TensorCore
import TestSupport

/// The small weights of `Fixtures/adapters` and what torch, peft and lycoris-lora make of them.
enum AdapterFixtures {
  static func url(_ name: String) -> URL { fixtureURL("adapters/\(name).safetensors") }

  /// The base weights, U-Net and text encoder.
  static func networks() throws -> [ModelPart: any ParameterSource] {
    let file = try TensorFile(url("base"))
    func part(_ isText: Bool) throws -> TensorDictionary {
      let keys = file.keys.filter { $0.hasPrefix("text_model.") == isText }
      return TensorDictionary(
        Dictionary(uniqueKeysWithValues: try keys.map { ($0, try file.tensor($0)) }), description: "base")
    }
    return [.unet: try part(false), .textEncoder: try part(true)]
  }

  static func merger(_ requests: [AdapterRequest]) throws -> AdapterMerger {
    try AdapterMerger(requests, networks: try networks())
  }

  /// The keys of the base and their network.
  static func network(of key: String) -> ModelPart { key.hasPrefix("text_model.") ? .textEncoder : .unet }

  /// Writes tensors to a file of the test's own and runs `body` on it.
  static func withFile<R>(
    _ tensors: [String: Tensor], metadata: [String: String] = [:], name: String = "test",
    _ body: (URL) throws -> R
  ) throws -> R {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("adapters-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let url = folder.appendingPathComponent("\(name).safetensors")
    try TensorFile.write(tensors.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }, to: url, metadata: metadata)
    return try body(url)
  }

  static let query = "down_blocks.0.attentions.0.transformer_blocks.0.attn1.to_q"
  static let queryKohya = "lora_unet_down_blocks_0_attentions_0_transformer_blocks_0_attn1_to_q"
}
