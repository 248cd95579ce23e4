/// `<kind:argument:argument>` in a prompt.
public struct PromptTag: Sendable, Hashable {
  public let kind: String
  public let arguments: [String]

  public init(kind: String, arguments: [String]) {
    self.kind = kind
    self.arguments = arguments
  }

  /// The text without its tags, and the tags. Takes time in proportion to the text.
  static func extract(_ text: String) -> (text: String, tags: [PromptTag]) {
    guard text.unicodeScalars.contains("<") else { return (text, []) }
    let scalars = text.scalars
    var (plain, tags) = (String.UnicodeScalarView(), [PromptTag]())
    // The next closing bracket is looked for once for all opening ones before it.
    var (at, close) = (scalars.startIndex, scalars.startIndex)
    while at < scalars.endIndex {
      if scalars[at] == "<" {
        let kindEnd = scalars[(at + 1)...].firstIndex { !$0.isWordCharacter } ?? scalars.endIndex
        if kindEnd > at + 1, kindEnd < scalars.endIndex, scalars[kindEnd] == ":" {
          if close < kindEnd { close = scalars[kindEnd...].firstIndex(of: ">") ?? scalars.endIndex }
          if close < scalars.endIndex, close > kindEnd + 1 {
            tags.append(
              PromptTag(
                kind: scalars[(at + 1)..<kindEnd].string,
                arguments: scalars[(kindEnd + 1)..<close].split(separator: ":", omittingEmptySubsequences: false)
                  .map(\.string)))
            at = close + 1
            continue
          }
        }
      }
      plain.append(scalars[at])
      at += 1
    }
    return (String(plain), tags)
  }

  /// Whether the tag asks for an adapter.
  public var isAdapter: Bool { kind == "lora" || kind == "lyco" }

  /// An adapter and its weights: `<lora:name:text:unet>` or `<lora:name:te=1:unet=0.5>`.
  ///
  /// The text encoder's weight defaults to 1, the U-Net's to the text encoder's. nil for other tags and for weights that
  /// are no numbers.
  public var lora: (name: String, textWeight: Float, unetWeight: Float)? {
    guard isAdapter, let name = arguments.first, !name.isEmpty else { return nil }
    let (named, positional) = arguments.dropFirst().split { $0.contains("=") }
    var weights = [Float?](repeating: nil, count: 2)
    for (index, argument) in positional.prefix(2).enumerated() {
      guard let value = Self.weight(argument) else { return nil }
      weights[index] = value
    }
    for argument in named {
      let pair = argument.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
      guard let index = ["te", "unet"].firstIndex(of: pair[0]) else { continue }
      guard let value = Self.weight(pair[1]) else { return nil }
      weights[index] = value
    }
    let text = weights[0] ?? 1
    return (name, text, weights[1] ?? text)
  }

  private static func weight(_ text: String) -> Float? {
    let number = text.trimmingSpace
    guard let end = PromptNumber.end(in: number.scalars, from: 0), end == number.scalars.count else { return nil }
    return Float(number).flatMap { $0.isFinite ? $0 : nil }
  }
}

extension PromptTag: CustomStringConvertible {
  /// As it is written.
  public var description: String { "<\(kind):\(arguments.joined(separator: ":"))>" }
}

extension Sequence {
  /// The elements that meet a condition, and the others.
  fileprivate func split(_ condition: (Element) -> Bool) -> ([Element], [Element]) {
    (filter(condition), filter { !condition($0) })
  }
}
