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

  /// Kinds of tags that ask for an adapter.
  public static let adapterKinds: Set<String> = ["lora", "lyco"]

  /// Whether the tag asks for an adapter.
  public var isAdapter: Bool { Self.adapterKinds.contains(kind) }

  /// The adapter it asks for: `<lora:name:text:unet>` or `<lora:name:te=1:unet=0.5>`.
  ///
  /// The text encoder's weight defaults to 1, the U-Net's to the text encoder's; names win over places, as in AUTOMATIC1111.
  /// - Throws: `PromptTagError` for a tag without a name, a weight that is no number, and one of anything else.
  public func adapter() throws(PromptTagError) -> (name: String, textWeight: Float, unetWeight: Float) {
    guard isAdapter, let name = arguments.first, !name.isEmpty else {
      throw PromptTagError(tag: self, reason: "names no adapter: write <lora:name:0.8>")
    }
    var (placed, named) = ([Float](), [String: Float]())
    for argument in arguments.dropFirst() {
      let pair = argument.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      let key = pair.count > 1 ? String(pair[0]).trimmingSpace : nil
      let isKnown = key.map { ["te", "unet"].contains($0) } ?? (placed.count < 2)
      guard isKnown, let value = pair.last.flatMap({ Self.weight(String($0)) })
      else { throw PromptTagError(tag: self, reason: "\"\(argument)\" is not a weight: write <lora:name:0.8>") }
      if let key { named[key] = value } else { placed.append(value) }
    }
    let text = named["te"] ?? placed.first ?? 1
    return (name, text, named["unet"] ?? (placed.count > 1 ? placed[1] : text))
  }

  private static func weight(_ text: String) -> Float? {
    let number = text.trimmingSpace
    guard let end = PromptNumber.end(in: number.scalars, from: 0), end == number.scalars.count else { return nil }
    return Float(number).flatMap { $0.isFinite ? $0 : nil }
  }
}

/// Why a tag asks for no adapter that can be had.
public struct PromptTagError: Error, Sendable, Equatable, CustomStringConvertible {
  public let tag: PromptTag
  public let reason: String

  public var description: String { "\(tag): \(reason)" }
}

extension PromptTag: CustomStringConvertible {
  /// As it is written.
  public var description: String { "<\(kind):\(arguments.joined(separator: ":"))>" }
}
