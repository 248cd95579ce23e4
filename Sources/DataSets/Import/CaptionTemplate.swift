/// A caption made of a row's columns: `a photo of a {name|scientific_name|"butterfly"}`.
///
/// In braces stand column names, the first of which that is not empty is taken, and at the end a text in quotes if
/// there should always be something. `{{` and `}}` are braces.
public struct CaptionTemplate: Sendable, Equatable {
  private enum Part: Sendable, Equatable {
    case text(String)
    case columns([String], otherwise: String?)
  }

  /// The text it was made of.
  public let source: String
  private let parts: [Part]

  /// Reads a template.
  /// - Throws: `badRequest` where a brace is not closed, or holds nothing.
  public init(_ source: String) throws(DataSetError) {
    self.source = source
    var parts: [Part] = []
    var text = ""
    var rest = Substring(source)
    while let c = rest.popFirst() {
      if (c == "{" || c == "}") && rest.first == c {
        rest.removeFirst()
        text.append(c)
      } else if c == "}" {
        throw .badRequest("the caption \"\(source)\" closes a brace that is not open; }} stands for a brace")
      } else if c == "{" {
        guard let end = rest.firstIndex(of: "}") else {
          throw .badRequest("the caption \"\(source)\" opens a brace that is never closed; {{ stands for a brace")
        }
        if !text.isEmpty { parts.append(.text(text)) }
        text = ""
        parts.append(try Self.columns(rest[..<end], in: source))
        rest = rest[rest.index(after: end)...]
      } else {
        text.append(c)
      }
    }
    if !text.isEmpty { parts.append(.text(text)) }
    self.parts = parts
  }

  private static func columns(_ inside: Substring, in source: String) throws(DataSetError) -> Part {
    var names: [String] = []
    var otherwise: String?
    for piece in inside.split(separator: "|", omittingEmptySubsequences: false) {
      let name = piece.trimmingSpaces
      guard otherwise == nil, !name.isEmpty else {
        throw .badRequest("the caption \"\(source)\" has {\(inside)}; write {column|other column|\"text\"}")
      }
      if name.count >= 2, name.hasPrefix("\""), name.hasSuffix("\"") {
        otherwise = String(name.dropFirst().dropLast())
      } else {
        names.append(name)
      }
    }
    return .columns(names, otherwise: otherwise)
  }

  /// Every column it asks for.
  public var columns: [String] {
    parts.flatMap { part in
      if case .columns(let names, _) = part { names } else { [String]() }
    }
  }

  /// Refuses a template that asks for what no row has.
  func check(against known: [String], of path: String) throws(DataSetError) {
    for name in columns where !known.contains(name) {
      throw .badRequest(
        "\(path) has no column \"\(name)\" for the caption; it has \(known.sorted().joined(separator: ", "))")
    }
  }

  /// Fills the template with a row.
  /// - Throws: the reason for which it cannot be filled.
  package func fill(_ row: [String: JSONValue]) throws(Unfilled) -> String {
    var out = ""
    for part in parts {
      switch part {
      case .text(let text): out += text
      case .columns(let names, let otherwise):
        guard let words = names.lazy.compactMap({ row[$0]?.words }).first ?? otherwise else {
          throw Unfilled(columns: names, row: row.keys.sorted())
        }
        out += words
      }
    }
    return out
  }

  /// A row has nothing to say where the template asks for it.
  package struct Unfilled: Error, CustomStringConvertible {
    let columns, row: [String]

    package var description: String {
      let names = columns.joined(separator: " and ")
      let missing = columns.filter { !row.contains($0) }
      let what = missing.isEmpty ? "\(names) is empty" : "there is no \(missing.joined(separator: " and "))"
      return "\(what), so the caption cannot be made; give it something to fall back to, as in "
        + "{\(columns.joined(separator: "|"))|\"text\"} (columns here: \(row.joined(separator: ", ")))"
    }
  }
}

extension Substring {
  fileprivate var trimmingSpaces: String {
    var piece = self
    while piece.first == " " { piece.removeFirst() }
    while piece.last == " " { piece.removeLast() }
    return String(piece)
  }
}
