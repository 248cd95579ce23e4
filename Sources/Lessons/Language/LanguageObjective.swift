import NN
import TensorCore
import Training

/// Tokens, and for each the one that follows.
package struct TokenBatch {
  /// `[B, T]`.
  package let inputs: Tensor
  /// `B · T` ids.
  package let targets: [Int32]

  /// Windows of a text, each one token longer than what is looked at.
  package init(_ windows: [ArraySlice<Int32>]) {
    let length = (windows.first?.count ?? 1) - 1
    inputs = Tensor(windows.flatMap { $0.dropLast() }, shape: [windows.count, length])
    targets = windows.flatMap { $0.dropFirst() }
  }
}

/// Windows of a text, from anywhere in it.
package struct TextSource: BatchSource {
  package let tokens: [Int32]
  package let context: Int
  /// There is no end of windows.
  package let count = Int.max

  package func order(batch: Int, seed: UInt64) -> any ExampleOrder { EndlessOrder(size: batch) }

  package func batch(_ draws: [Draw], random: inout [ExampleRandom]) -> TokenBatch {
    TokenBatch(
      random.indices.map { row in
        let start = random[row].integer(below: tokens.count - context)
        return tokens[start...(start + context)]
      })
  }
}

/// Learns to say the next token: `−log p(token | those before)`, the mean over tokens, in nats.
package struct LanguageObjective: Objective {
  package let model: CausalTransformer
  package let dtype: DType
  package let groups: [ParameterGroup]

  package init(model: CausalTransformer, dtype: DType, groups: [ParameterGroup]) {
    (self.model, self.dtype, self.groups) = (model, dtype, groups)
  }

  package func loss(_ batch: TokenBatch, random: inout [ExampleRandom]) -> Tensor { loss(batch) }

  package func loss(_ batch: TokenBatch) -> Tensor {
    let (rows, classes) = (batch.targets.count, model.config.vocabularySize)
    let logits = model.logits(batch.inputs, dtype: dtype).reshaped([rows, classes])
    let wanted = Tensor(shape: [rows, classes]) { out in
      out.update(repeating: 0)
      for (row, id) in batch.targets.enumerated() { out[row * classes + Int(id)] = 1 }
    }
    return logits.crossEntropy(wanted)
  }

  /// The same of a whole text, window after window, each without what came before it.
  package func loss(of tokens: [Int32], context: Int, windows limit: Int = .max) -> Double {
    var (sum, count) = (0.0, 0)
    for start in stride(from: 0, to: tokens.count - 1, by: context).prefix(limit) {
      let window = tokens[start..<min(start + context + 1, tokens.count)]
      sum += Double(loss(TokenBatch([window])).scalar) * Double(window.count - 1)
      count += window.count - 1
    }
    return sum / Double(count)
  }
}
