import Foundation

/// The settings of a picture as the ecosystem writes them into it: AUTOMATIC1111's "infotext".
///
/// The prompt, a line `Negative prompt: …` if there is one, and a last line of `Key: value` pairs.
public struct GenerationParameters: Sendable, Equatable {
  public typealias Field = (key: String, value: String)

  public var prompt: String
  public var negativePrompt: String
  public var fields: [Field]

  public init(prompt: String, negativePrompt: String, fields: [Field]) {
    self.prompt = prompt
    self.negativePrompt = negativePrompt
    self.fields = fields
  }

  public static func == (a: Self, b: Self) -> Bool {
    a.prompt == b.prompt && a.negativePrompt == b.negativePrompt
      && a.fields.elementsEqual(b.fields, by: ==)
  }

  /// The value of a field, or nil.
  public subscript(key: String) -> String? { fields.first { $0.key == key }?.value }

  /// The text that goes into a file.
  public func format() -> String {
    let last = fields.map { "\($0.key): \(Self.quoted($0.value))" }.joined(separator: ", ")
    let negative = negativePrompt.isEmpty ? "" : "\nNegative prompt: \(negativePrompt)"
    return "\(prompt)\(negative)\n\(last)"
  }

  /// Reads a text that `format` or another tool wrote.
  public init(parsing text: String) {
    var lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    let last = Self.pairs(lines.last ?? "")
    fields = []
    // Fewer than three pairs are words of the prompt that happen to have a colon.
    if last.count >= 3 {
      fields = last
      lines.removeLast()
    }
    let mark = "Negative prompt:"
    let split = lines.firstIndex { $0.trimmingCharacters(in: .whitespaces).hasPrefix(mark) }
    prompt = lines[..<(split ?? lines.count)].joined(separator: "\n")
      .trimmingCharacters(in: .whitespacesAndNewlines)
    negativePrompt = ""
    if let split {
      let first = lines[split].trimmingCharacters(in: .whitespaces).dropFirst(mark.count)
      negativePrompt = ([String(first)] + lines[(split + 1)...]).joined(separator: "\n")
        .trimmingCharacters(in: .whitespacesAndNewlines)
    }
  }

  /// Values with commas, colons or line breaks are JSON strings.
  private static func quoted(_ value: String) -> String {
    guard value.contains(where: { $0 == "," || $0 == ":" || $0 == "\n" }) else { return value }
    var out = "\""
    for character in value {
      switch character {
      case "\"": out += "\\\""
      case "\\": out += "\\\\"
      case "\n": out += "\\n"
      default: out.append(character)
      }
    }
    return out + "\""
  }

  /// The `key: value` pairs of a line; values may be quoted.
  private static func pairs(_ line: String) -> [Field] {
    var pairs: [Field] = []
    var rest = Substring(line)
    while let colon = rest.firstIndex(of: ":") {
      let key = rest[..<colon].trimmingCharacters(in: .whitespaces)
      rest = rest[rest.index(after: colon)...].drop { $0 == " " }
      if rest.first == "\"" {
        var (value, escaped) = ("", false)
        rest.removeFirst()
        while let c = rest.popFirst() {
          if escaped {
            value.append(c == "n" ? "\n" : c)
            escaped = false
          } else if c == "\\" {
            escaped = true
          } else if c == "\"" {
            break
          } else {
            value.append(c)
          }
        }
        pairs.append((key, value))
        rest = rest.drop { $0 == " " || $0 == "," }
      } else {
        let end = rest.firstIndex(of: ",") ?? rest.endIndex
        pairs.append((key, rest[..<end].trimmingCharacters(in: .whitespaces)))
        rest = end < rest.endIndex ? rest[rest.index(after: end)...] : ""
      }
    }
    return pairs
  }
}
