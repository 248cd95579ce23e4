import Models
import PromptLanguage
import TensorCore

/// Turns prompts into what a network is told: parts joined by AND, schedules, the text encoding behind them.
public struct PromptEncoder: Sendable {
  public let text: any TextEncoding
  public var reading: TextReading
  /// Whether layers are skipped for the negative prompt too, as AUTOMATIC1111 does; diffusers skips them for the prompt
  /// only.
  public var skipsLayersOfNegative = false

  public init(_ text: any TextEncoding, _ reading: TextReading) { (self.text, self.reading) = (text, reading) }

  /// - Parameter clipSkip: layers skipped, as diffusers counts: nil = the model's default.
  public func encode(_ text: String, clipSkip: Int?) throws -> NetworkConditioning {
    var memory = TextMemory()
    return try self.text.encode([text], clipSkip: clipSkip, reading, &memory)[0]
  }

  /// What a prompt comes to for a text encoding that says which words it has learnt; nil where nobody says.
  /// - Parameters:
  ///   - isNegative: AND and tags are text in negative prompts.
  ///   - steps: of the run, which decide what a prompt that changes on the way comes to.
  public func knownWords(
    in prompt: String, isNegative: Bool = false, steps: Int
  ) throws -> WordsRead? {
    let isLiteral = reading.emphasis == .none
    let read = isNegative ? Prompt(negative: prompt) : Prompt(prompt)
    let parts = isLiteral ? [Prompt.Part(text: prompt, weight: 1)] : read.parts
    let texts = parts.flatMap { part in
      isLiteral ? [part.text] : PromptSchedule(part.text, steps: steps).entries.map(\.text)
    }
    var words = WordsRead()
    for text in texts {
      guard let known = try self.text.knownWords(in: text, reading) else { return nil }
      words = words + known
    }
    return words
  }
}
