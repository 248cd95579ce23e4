import PromptLanguage
import Tokenizers

/// What a prompt comes to: texts and the steps they hold for, tokens, chunks, weights.
public struct PromptExplanation: Sendable, Encodable {
  /// A text joined to others by AND, or the whole prompt.
  public struct Part: Sendable, Encodable {
    public let weight: Float
    /// In the order of the steps.
    public let stretches: [Stretch]
  }

  /// Steps in a row with the same text.
  public struct Stretch: Sendable, Encodable {
    /// Counted from 1.
    public let firstStep, lastStep: Int
    public let text: String
  }

  /// What a text encoder is given for one text.
  public struct Tokens: Sendable, Encodable {
    public let text: String
    /// Tokens of the prompt, start, end and padding not counted.
    public let tokenCount: Int
    public let chunks: [[Token]]
  }

  /// A token of the prompt, or a vector of an embedding.
  public struct Token: Sendable, Encodable {
    public let id: Int32
    public let token: String
    public let weight: Float
    /// The embedding the vector belongs to; the id means nothing then.
    public let embedding: String?
  }

  /// `<kind:...>` in the prompt.
  public struct Tag: Sendable, Encodable {
    public let tag, kind: String
    public let name: String?
    public let textWeight, unetWeight: Float?
  }

  public let prompt: String
  public let steps: Int
  public let emphasis: Emphasis
  /// Tokens a chunk has room for.
  public let chunkSize: Int
  public let parts: [Part]
  /// Each distinct text once, in the order they come up.
  public let texts: [Tokens]
  public let tags: [Tag]
  /// Words the text encoder never learnt, which are left out; each once.
  public let leftOut: [String]
  /// Words it never learnt in whose place others are read; each once.
  public let exchanged: [WordsRead.Exchange]
  /// A line for each thing that looks like a mistake.
  public let problems: [String]
  /// Problems that are told one by one.
  private static let problemLimit = 20

  /// - Parameters:
  ///   - prompt: within `PromptLimits`.
  ///   - isNegative: AND and tags are text in negative prompts.
  ///   - length: tokens of a row of the text encoder, start and end included.
  public init(
    _ prompt: String, isNegative: Bool = false, steps: Int, tokenizer: CLIPTokenizer, length: Int = 77,
    emphasis: Emphasis = .original, embeddings: [TextualInversion] = []
  ) {
    let isLiteral = emphasis == .none
    let read = isNegative ? Prompt(negative: prompt) : Prompt(prompt)
    let sources = isLiteral ? [Prompt.Part(text: prompt, weight: 1)] : read.parts
    parts = sources.map { part in
      let schedule =
        isLiteral ? PromptSchedule(literal: part.text, steps: steps) : PromptSchedule(part.text, steps: steps)
      return Part(weight: part.weight, stretches: Self.stretches(schedule, steps: steps))
    }
    var seen: Set<String> = []
    let distinct = parts.flatMap { $0.stretches.map(\.text) }.filter { seen.insert($0).inserted }
    let rows = distinct.map { text in
      TokenChunks(
        isLiteral ? [.text(text, weight: 1)] : EmphasisParser.parse(text), tokenizer: tokenizer, length: length,
        embeddings: embeddings)
    }
    texts = zip(distinct, rows).map { Self.tokens($0, $1, tokenizer, embeddings) }
    let words = rows.map(\.read).reduce(WordsRead(), +)
    (leftOut, exchanged) = (words.leftOut, words.exchanged)
    tags = isLiteral ? [] : read.tags.map(Self.tag)
    let found =
      isLiteral ? [] : PromptCheck.problems(prompt).filter { !isNegative || $0.kind != .weight }.map(\.description)
    let rest = found.count - Self.problemLimit
    problems = found.prefix(Self.problemLimit) + (rest > 0 ? ["the prompt: \(rest) more like these"] : [])
    (self.prompt, self.steps, self.emphasis, chunkSize) = (prompt, steps, emphasis, length - 2)
  }

  /// Strict reading: brackets must be in order, unless they are text.
  /// - Throws: `PromptProblem`, one line that names the column.
  public func requireBalance() throws {
    if emphasis != .none { try PromptCheck.requireBalance(prompt) }
  }

  private static func stretches(_ schedule: PromptSchedule, steps: Int) -> [Stretch] {
    var stretches: [Stretch] = []
    for index in 0..<max(steps, 1) {
      let text = schedule.text(atStep: index)
      if let last = stretches.last, last.text == text {
        stretches[stretches.count - 1] = Stretch(firstStep: last.firstStep, lastStep: index + 1, text: text)
      } else {
        stretches.append(Stretch(firstStep: index + 1, lastStep: index + 1, text: text))
      }
    }
    return stretches
  }

  private static func tokens(
    _ text: String, _ rows: TokenChunks, _ tokenizer: CLIPTokenizer, _ embeddings: [TextualInversion]
  ) -> Tokens {
    let chunks = rows.chunks.map { chunk in
      var names = [String?](repeating: nil, count: chunk.ids.count)
      for place in chunk.vectors {
        let embedding = embeddings[place.embedding]
        for offset in 0..<embedding.vectorCount { names[place.position + offset] = embedding.name }
      }
      return (1..<(chunk.tokenCount + 1)).map { position in
        Token(
          id: chunk.ids[position], token: names[position] ?? tokenizer.token(chunk.ids[position]) ?? "\u{fffd}",
          weight: chunk.weights[position], embedding: names[position])
      }
    }
    return Tokens(text: text, tokenCount: rows.tokenCount, chunks: chunks)
  }

  private static func tag(_ tag: PromptTag) -> Tag {
    let lora = try? tag.adapter()
    return Tag(
      tag: tag.description, kind: tag.kind, name: lora?.name, textWeight: lora?.textWeight, unetWeight: lora?.unetWeight
    )
  }
}
