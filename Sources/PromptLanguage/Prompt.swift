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
    let pieces = plain.split(breakingAt: "AND", withSpace: false)
    parts = pieces.count == 1 ? [Part(text: plain, weight: 1)] : pieces.map(Self.weighted)
  }

  /// `text : number` at the end of a part is its weight.
  private static func weighted(_ piece: String) -> Part {
    if let colon = piece.lastIndex(of: ":") {
      let number = String(piece[piece.index(after: colon)...]).trimmingSpace
      if let value = PromptNumber.parse(Substring(number)) {
        return Part(text: String(piece[..<colon]).trimmingSpace, weight: Float(value))
      }
    }
    return Part(text: piece.trimmingSpace, weight: 1)
  }

  /// Without `#` and what follows it on its line.
  private static func withoutComments(_ text: String) -> String {
    guard text.contains("#") else { return text }
    return text.split(separator: "\n", omittingEmptySubsequences: false).compactMap { line -> Substring? in
      guard let mark = line.firstIndex(of: "#") else { return line }
      let kept = line[..<mark]
      return kept.allSatisfy(\.isWhitespace) ? nil : kept
    }.joined(separator: "\n")
  }
}

/// `<kind:argument:argument>` in a prompt.
public struct PromptTag: Sendable, Hashable {
  public let kind: String
  public let arguments: [String]

  public init(kind: String, arguments: [String]) {
    self.kind = kind
    self.arguments = arguments
  }

  /// The text without its tags, and the tags.
  static func extract(_ text: String) -> (text: String, tags: [PromptTag]) {
    var (plain, tags): (String, [PromptTag]) = ("", [])
    var rest = Substring(text)
    while let open = rest.firstIndex(of: "<") {
      plain += rest[..<open]
      let inner = rest[rest.index(after: open)...]
      guard let close = inner.firstIndex(of: ">"), let tag = PromptTag(inner[..<close]) else {
        plain.append("<")
        rest = inner
        continue
      }
      tags.append(tag)
      rest = inner[inner.index(after: close)...]
    }
    return (plain + rest, tags)
  }

  private init?(_ inner: Substring) {
    let pieces = inner.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
    guard pieces.count > 1, !pieces[0].isEmpty, !pieces[1].isEmpty,
      pieces[0].allSatisfy({ $0.isLetter || $0.isNumber || $0 == "_" })
    else { return nil }
    self.init(kind: pieces[0], arguments: Array(pieces.dropFirst()))
  }

  /// A `lora` tag's adapter: the text encoder's weight defaults to 1, the U-Net's to the text encoder's.
  public var lora: (name: String, textWeight: Float, unetWeight: Float)? {
    guard kind == "lora" || kind == "lyco" else { return nil }
    var (text, unet): (Float?, Float?) = (nil, nil)
    for (index, argument) in arguments.dropFirst().enumerated() {
      let pair = argument.split(separator: "=", maxSplits: 1).map(String.init)
      let value = pair.last.flatMap { PromptNumber.parse(Substring($0)) }.map(Float.init)
      guard let value else { return nil }
      switch (pair.count, pair[0], index) {
      case (2, "te", _), (1, _, 0): text = value
      case (2, "unet", _), (1, _, 1): unet = value
      default: break
      }
    }
    let textWeight = text ?? 1
    return (arguments[0], textWeight, unet ?? textWeight)
  }
}
