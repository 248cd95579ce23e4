import Checkpoints
import Conditioning
import Foundation
import ModelFiles
import Models
import NN
import TensorCore
import TestSupport
import Tokenizers

/// Small encoders for prompts, and what numpy computes with them.
package enum PromptFixtures {
  package static func url(_ name: String) -> URL { fixtureURL("prompts/\(name)") }

  /// The text encoder of SD 1's small model, 32 wide, whose states have a mean worth keeping.
  package static func model() throws -> CLIPTextModel {
    let folder = fixtureURL("reference/sd1_tiny/text_encoder")
    let file = try TensorFile(folder.appendingPathComponent("model.safetensors"))
    let states = try TensorFile(url("states.safetensors"))
    var tensors: [String: Tensor] = [:]
    for key in file.keys {
      for name in ["weight", "bias"] where key.hasSuffix("final_layer_norm.\(name)") {
        tensors[key] = try states.tensor("norm.\(name)")
      }
      tensors[key] = try tensors[key] ?? file.tensor(key)
    }
    let store = ParameterStore(TensorDictionary(tensors))
    let model = CLIPTextModel(
      store.root, try ModelFolder(folder).decode(CLIPTextConfig.self), prefixed: CLIPTextModel.isPrefixed(file.keys))
    try store.finish(ignoring: ["position_ids"])
    return model
  }

  package static func encoder(
    _ emphasis: Emphasis = .original, embeddings: [TextualInversion] = []
  ) throws -> PromptEncoder {
    PromptEncoder(
      CLIPTextEncoding([CLIPTextEncoder(tokenizer: try tokenizer(), model: try model())]),
      TextReading(precision: .f32, emphasis: emphasis, embeddings: embeddings))
  }

  package static func tokenizer() throws -> CLIPTokenizer { try CLIPTokenizer(directory: fixtureURL("clip_tokenizer")) }

  /// The vectors of the word "zorb".
  package static func zorb() throws -> TextualInversion { try TextualInversion(url("zorb.safetensors"), widths: [32]) }

  /// Words that are one token each: "one two three …", `count` of them.
  package static func words(_ count: Int) -> String {
    let names = ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"]
    return (0..<count).map { names[$0 % names.count] }.joined(separator: " ")
  }

  /// Every fourth token of a context, as the file has them.
  package static func thinned(_ context: Tensor) -> [Float] {
    let width = context.shape[2]
    let values = context.floats()
    return stride(from: 0, to: context.shape[1], by: 4).flatMap { values[($0 * width)..<(($0 + 1) * width)] }
  }
}

extension NetworkConditioning {
  /// What a text was encoded to; empty where there is none.
  package var states: Tensor { context ?? .zeros([1, 0, 0]) }
}
