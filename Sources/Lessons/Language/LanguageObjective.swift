import NN
import TensorCore
import Training

/// Tokens, and for each the one that follows.
struct TokenBatch {
  /// `[B, T]`.
  let inputs: Tensor
  /// `B · T` ids.
  let targets: [Int32]

  /// Windows of a text, each one token longer than what is looked at.
  init(_ windows: [ArraySlice<Int32>]) {
    let length = (windows.first?.count ?? 1) - 1
    inputs = Tensor(windows.flatMap { $0.dropLast() }, shape: [windows.count, length])
    targets = windows.flatMap { $0.dropFirst() }
  }
}

/// Windows of a text, from anywhere in it.
struct TextSource: BatchSource {
  let tokens: [Int32]
  let context: Int
  /// There is no end of windows.
  let count = Int.max

  func order(batch: Int, seed: UInt64) -> any ExampleOrder { EndlessOrder(size: batch) }

  func batch(_ draws: [Draw], random: inout [ExampleRandom]) -> TokenBatch {
    TokenBatch(
      random.indices.map { row in
        let start = random[row].integer(below: tokens.count - context)
        return tokens[start...(start + context)]
      })
  }
}

/// Learns to say the next token: `−log p(token | those before)`, the mean over tokens, in nats.
struct LanguageObjective: Objective {
  let model: CausalTransformer
  let dtype: DType
  let groups: [ParameterGroup]

  func loss(_ batch: TokenBatch, random: inout [ExampleRandom]) -> Tensor { loss(batch) }

  func loss(_ batch: TokenBatch) -> Tensor {
    let (rows, classes) = (batch.targets.count, model.config.vocabularySize)
    let logits = model.logits(batch.inputs, dtype: dtype).reshaped([rows, classes])
    let wanted = Tensor(shape: [rows, classes]) { out in
      out.update(repeating: 0)
      for (row, id) in batch.targets.enumerated() { out[row * classes + Int(id)] = 1 }
    }
    return logits.crossEntropy(wanted)
  }

  /// The same of a whole text, window after window, each without what came before it.
  func loss(of tokens: [Int32], context: Int, windows limit: Int = .max) -> Double {
    var (sum, count) = (0.0, 0)
    for start in stride(from: 0, to: tokens.count - 1, by: context).prefix(limit) {
      let window = tokens[start..<min(start + context + 1, tokens.count)]
      sum += Double(loss(TokenBatch([window])).scalar) * Double(window.count - 1)
      count += window.count - 1
    }
    return sum / Double(count)
  }
}
