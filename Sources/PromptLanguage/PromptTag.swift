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
      guard let tag = PromptTag(inner), let close = inner.firstIndex(of: ">") else {
        plain.append("<")
        rest = inner
        continue
      }
      tags.append(tag)
      rest = inner[inner.index(after: close)...]
    }
    return (plain + rest, tags)
  }

  /// - Parameter inner: what follows the opening bracket.
  private init?(_ inner: Substring) {
    let kind = inner.unicodeScalars.prefix(while: \.isWordCharacter)
    guard !kind.isEmpty, kind.endIndex < inner.endIndex, inner[kind.endIndex] == ":",
      let close = inner[kind.endIndex...].firstIndex(of: ">")
    else { return nil }
    let arguments = inner[inner.index(after: kind.endIndex)..<close]
    guard !arguments.isEmpty else { return nil }
    self.init(
      kind: String(kind),
      arguments: arguments.split(separator: ":", omittingEmptySubsequences: false).map(String.init))
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
