import Files

/// Named additions to prompts: AUTOMATIC1111's `styles.csv` with the columns name, prompt and negative_prompt.
public struct PromptStyles: Sendable, Equatable {
  /// One style.
  public struct Style: Sendable, Equatable {
    public let name, prompt, negativePrompt: String
  }
  public let styles: [Style]
  /// Rows that are left out, and why.
  public let problems: [CommaSeparatedValues.Problem]

  /// What is wrong with a styles file, or with a name.
  public enum Failure: Error, Equatable, CustomStringConvertible {
    case noHeader
    case unknown(name: String, known: [String])
    /// Styles that put the prompt into themselves again and again.
    case tooLong(name: String)

    public var description: String {
      switch self {
      case .noHeader: "the first line of a styles file is \"name,prompt,negative_prompt\""
      case .tooLong(let name):
        "with the style \"\(name)\" a prompt has more than the \(PromptLimits.characters) characters that are read"
      case .unknown(let name, let known):
        "there is no style \"\(name)\"; there are \(known.prefix(12).joined(separator: ", "))"
      }
    }
  }

  /// Reads a file. A row that cannot be read or has fields besides its columns is left out.
  public init(_ file: TextFile) throws(Failure) {
    var (rows, problems) = CommaSeparatedValues.read(file, skipsSpaces: true)
    guard let header = rows.first?.fields, let name = header.firstIndex(of: "name"),
      let prompt = header.firstIndex(of: "prompt") ?? header.firstIndex(of: "text")
    else { throw .noHeader }
    let negative = header.firstIndex(of: "negative_prompt")
    var styles: [Style] = []
    rows.removeFirst()
    for row in rows {
      let fields = row.fields
      // Spreadsheets write a comma for every column they show.
      let used = (fields.lastIndex { !$0.isEmpty } ?? 0) + 1
      if fields.count <= max(name, prompt) {
        problems.append(.init(line: row.line, reason: "has \(fields.count) fields and no prompt among them"))
      } else if used > header.count {
        problems.append(
          .init(
            line: row.line,
            reason: "has \(used) fields instead of \(header.count): put a field with commas in quotation marks"))
      } else {
        styles.append(
          Style(
            name: fields[name], prompt: fields[prompt],
            negativePrompt: negative.flatMap { $0 < fields.count ? fields[$0] : nil } ?? ""))
      }
    }
    (self.styles, self.problems) = (styles, problems.sorted { $0.line < $1.line })
  }

  /// Reads the text of a file.
  public init(csv: String) throws(Failure) { try self.init(TextFile(text: csv, path: "styles")) }

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
