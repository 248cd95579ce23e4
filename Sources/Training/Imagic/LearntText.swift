import Conditioning
import Models
import TensorCore

/// A model's text encoding in which one text's states are mixed with those that were learnt for a picture
/// (Kawar et al. 2022, eq. 3).
struct LearntText: TextEncoding {
  let base: any TextEncoding
  let text: String
  /// States that describe the picture, of the text's length.
  let learnt: NetworkConditioning
  /// 0 draws the picture, 1 what the text says.
  let share: Float

  var tokenCount: Int { base.tokenCount }
  var contextWidth: Int? { base.contextWidth }
  var pooledWidth: Int? { base.pooledWidth }
  var vectorWidths: [Int] { base.vectorWidths }

  func check(clipSkip: Int?) throws(GenerationError) { try base.check(clipSkip: clipSkip) }

  func encode(
    _ texts: [String], clipSkip: Int?, _ reading: TextReading, _ memory: inout TextMemory
  ) throws -> [NetworkConditioning] {
    try zip(texts, base.encode(texts, clipSkip: clipSkip, reading, &memory)).map { text, told in
      guard text == self.text else { return told }
      var mixed = told
      mixed.context = mix(told.context, learnt.context)
      mixed.pooled = mix(told.pooled, learnt.pooled)
      return mixed
    }
  }

  private func mix(_ target: Tensor?, _ learnt: Tensor?) -> Tensor? {
    guard let target, let learnt else { return target }
    return (target.cast(to: .f32) * share + learnt * (1 - share)).cast(to: target.dtype)
  }

  func nothing(like told: NetworkConditioning) -> NetworkConditioning? { base.nothing(like: told) }

  func knownWords(in text: String, _ reading: TextReading) throws -> WordsRead? {
    try base.knownWords(in: text, reading)
  }
}
