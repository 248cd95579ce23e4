/// Named additions to prompts: AUTOMATIC1111's `styles.csv` with the columns name, prompt and negative_prompt.
public struct PromptStyles: Sendable, Equatable {
  /// One style.
  public struct Style: Sendable, Equatable {
    public let name, prompt, negativePrompt: String
  }
  public let styles: [Style]

  /// What is wrong with a styles file, or with a name.
  public enum Failure: Error, Equatable, CustomStringConvertible {
    case noHeader
    /// A quotation mark that is never closed, on a line counted from 1.
    case openQuote(line: Int)
    case unknown(name: String, known: [String])
    /// Styles that put the prompt into themselves again and again.
    case tooLong(name: String)

    public var description: String {
      switch self {
      case .noHeader: "the first line of a styles file is \"name,prompt,negative_prompt\""
      case .openQuote(let line): "line \(line) opens a quotation mark that is never closed"
      case .tooLong(let name):
        "with the style \"\(name)\" a prompt has more than the \(PromptLimits.characters) characters that are read"
      case .unknown(let name, let known):
        "there is no style \"\(name)\"; there are \(known.prefix(12).joined(separator: ", "))"
      }
    }
  }

  /// Reads the text of a file; fields may be quoted (RFC 4180).
  public init(csv: String) throws(Failure) {
    let rows = try CommaSeparatedValues.rows(csv)
    guard let header = rows.first, let name = header.firstIndex(of: "name"),
      let prompt = header.firstIndex(of: "prompt") ?? header.firstIndex(of: "text")
    else { throw .noHeader }
    let negative = header.firstIndex(of: "negative_prompt")
    styles = rows.dropFirst().filter { $0.count > max(name, prompt) }.map { row in
      Style(
        name: row[name], prompt: row[prompt],
        negativePrompt: negative.flatMap { $0 < row.count ? row[$0] : nil } ?? "")
    }
  }

  /// A prompt and a negative prompt with styles put around them, in order.
  public func apply(_ names: [String], prompt: String, negative: String) throws(Failure) -> (
    prompt: String, negative: String
  ) {
    var (prompt, negative) = (prompt, negative)
    for name in names {
      guard let style = styles.first(where: { $0.name == name }) else {
        throw .unknown(name: name, known: styles.map(\.name))
      }
      for (template, text) in [(style.prompt, prompt), (style.negativePrompt, negative)] {
        let places = template.split(breakingAtText: "{prompt}").count
        // In bytes, of which a character has up to four: what is near the limit is counted when the prompt is read.
        guard template.utf8.count + places * text.utf8.count <= 4 * PromptLimits.characters else {
          throw .tooLong(name: name)
        }
      }
      prompt = Self.merge(style.prompt, into: prompt)
      negative = Self.merge(style.negativePrompt, into: negative)
    }
    return (prompt, negative)
  }

  /// `{prompt}` in the style stands for the text; without it the style is appended.
  static func merge(_ style: String, into text: String) -> String {
    let pieces = style.split(breakingAtText: "{prompt}")
    if pieces.count > 1 { return pieces.joined(separator: text) }
    return [text.trimmingSpace, style.trimmingSpace].filter { !$0.isEmpty }.joined(separator: ", ")
  }
}

/// Rows of quoted, comma-separated values.
enum CommaSeparatedValues {
  static func rows(_ text: String) throws(PromptStyles.Failure) -> [[String]] {
    var rows: [[String]] = []
    var (row, field, quoted): ([String], String, Bool) = ([], "", false)
    var (line, quoteLine) = (1, 1)
    var rest = Array(text.unicodeScalars.filter { $0 != "\r" && $0 != "\u{feff}" })[...]
    func end(_ row: inout [String], _ field: inout String) {
      row.append(field)
      if row != [""] { rows.append(row) }
      (row, field) = ([], "")
    }
    while let c = rest.popFirst() {
      if c == "\n" { line += 1 }
      switch c {
      case "\"" where quoted && rest.first == "\"":
        field.unicodeScalars.append(c)
        rest.removeFirst()
      case "\"":
        quoted.toggle()
        quoteLine = line
      case "," where !quoted:
        row.append(field)
        field = ""
      case "\n" where !quoted: end(&row, &field)
      default: field.unicodeScalars.append(c)
      }
    }
    if quoted { throw .openQuote(line: quoteLine) }
    if !field.isEmpty || !row.isEmpty { end(&row, &field) }
    return rows
  }
}

extension String {
  /// The parts between occurrences of a text.
  fileprivate func split(breakingAtText separator: String) -> [String] {
    var parts: [String] = []
    var rest = Substring(self)
    while let range = rest.firstRange(of: separator) {
      parts.append(String(rest[..<range.lowerBound]))
      rest = rest[range.upperBound...]
    }
    return parts + [String(rest)]
  }
}
