import Checkpoints
import Foundation
import TensorCore
import Training

/// Writes on where a text stops, token by token.
public struct TextGenerator {
  private let model: CausalTransformer
  private let tokenizer: VerseTokenizer
  /// Arithmetic of the blocks.
  private let dtype: DType

  init(model: CausalTransformer, tokenizer: VerseTokenizer, dtype: DType) {
    (self.model, self.tokenizer, self.dtype) = (model, tokenizer, dtype)
  }

  /// Opens the model of a finished run: its folder with `config.json`, weights and `tokenizer/`.
  /// - Parameter dtype: arithmetic of the blocks.
  public init(folder: URL, dtype: DType = .f32) throws {
    self.dtype = dtype
    let files = ModelFolder(folder)
    let config: CausalTransformerConfig
    do { config = try files.decode(CausalTransformerConfig.File.self).config } catch let failure
      as CausalTransformerConfig.Failure
    {
      throw LessonError.text(path: folder.appendingPathComponent("config.json").path, reason: failure.description)
    }
    model = try files.load { path, _ in CausalTransformer(path, config) }.model
    tokenizer = try VerseTokenizer(directory: folder.appendingPathComponent("tokenizer"))
    guard tokenizer.vocabularySize == config.vocabularySize else {
      throw LessonError.text(
        path: folder.path,
        reason: "the tokenizer has \(tokenizer.vocabularySize) tokens, the model \(config.vocabularySize)")
    }
  }

  /// Goes on with a text.
  /// - Parameters:
  ///   - prompt: what stands there; an empty one is a line's end.
  ///   - tokens: how many are written.
  ///   - seed: decides what is chosen.
  ///   - onText: told what was written, in parts that are whole characters.
  public func generate(
    _ prompt: String, tokens: Int, _ choice: TokenChoice, seed: UInt64, onText: (String) throws -> Void
  ) rethrows {
    var random = ExampleRandom(seed: seed, example: 0, epoch: 0)
    let start = tokenizer.encode(prompt.isEmpty ? "\n" : prompt)
    var ids = Array(start.suffix(model.config.context - 1))
    var cache = KeyValueCache(layers: model.config.layers)
    var logits = model.lastLogits(ids, &cache, dtype)
    var pending: [UInt8] = []
    for _ in 0..<tokens {
      let id = choice.choose(logits, &random)
      ids.append(id)
      pending += tokenizer.bytes([id])
      if let text = String(validating: pending, as: UTF8.self) {
        try onText(text)
        pending = []
      }
      if cache.count == model.config.context {
        // Positions have an end: the newer half is read again from the first.
        ids = Array(ids.suffix(model.config.context / 2))
        cache = KeyValueCache(layers: model.config.layers)
        logits = model.lastLogits(ids, &cache, dtype)
      } else {
        logits = model.lastLogits([id], &cache, dtype)
      }
    }
    if !pending.isEmpty { try onText(String(decoding: pending, as: UTF8.self)) }
  }

  /// The whole text.
  public func text(_ prompt: String, tokens: Int, _ choice: TokenChoice, seed: UInt64) -> String {
    var text = prompt
    generate(prompt, tokens: tokens, choice, seed: seed) { text += $0 }
    return text
  }
}

extension CausalTransformer {
  /// What may follow the last of some tokens.
  fileprivate func lastLogits(_ ids: [Int32], _ cache: inout KeyValueCache, _ dtype: DType) -> [Float] {
    let all = logits(Tensor(ids, shape: [1, ids.count]), cache: &cache, dtype: dtype)
    return all.slice(axis: 1, from: ids.count - 1, count: 1).floats()
  }
}
