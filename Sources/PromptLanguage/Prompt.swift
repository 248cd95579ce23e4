/// A prompt in AUTOMATIC1111's language, taken apart in its order: comments, `<kind:...>` tags, `AND`; schedules and
/// emphasis are read from the parts.
public struct Prompt: Sendable, Equatable {
  /// A text and its weight among those joined by AND (Liu et al. 2022).
  public struct Part: Sendable, Equatable {
    public let text: String
    public let weight: Float

    public init(text: String, weight: Float) {
      self.text = text
      self.weight = weight
    }
  }

  /// At least one.
  public let parts: [Part]
  /// Tags such as `<lora:name:0.8>`, in order.
  public let tags: [PromptTag]

  public init(_ text: String) {
    let (plain, tags) = PromptTag.extract(Self.withoutComments(text))
    self.tags = tags
    parts = plain.split(at: "AND", withSpace: false).map(Self.weighted)
  }

  /// A negative prompt: comments are left out, tags and AND are ordinary text, as in AUTOMATIC1111.
  public init(negative text: String) {
    parts = [Part(text: Self.withoutComments(text), weight: 1)]
    tags = []
  }

  /// `text : number` at the end of a part is its weight, of a prompt without AND too.
  private static func weighted(_ piece: String) -> Part {
    if let colon = piece.lastIndex(of: ":") {
      let number = String(piece[piece.index(after: colon)...]).trimmingSpace
      if let value = PromptNumber.parse(number) {
        return Part(text: String(piece[..<colon]).trimmingSpace, weight: Float(value))
      }
    }
    return Part(text: piece.trimmingSpace, weight: 1)
  }

  /// Without `#` and what follows it on its line.
  static func withoutComments(_ text: String) -> String {
    guard text.contains("#") else { return text }
    return text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).compactMap { line -> Substring? in
      guard let mark = line.firstIndex(of: "#") else { return line }
      return mark == line.startIndex ? nil : line[..<mark]
    }.joined(separator: "\n")
  }
}
