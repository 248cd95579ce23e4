extension GenerationParameters {
  private static let stepsPrefix = Array("Steps:".unicodeScalars)
  private static let negativePrefix = Array("Negative prompt:".unicodeScalars)

  /// Reads the text found in a picture; any text is valid and at least a prompt.
  ///
  /// The last line holds settings if it has three or more; lines lose spaces at their ends, as in
  /// A1111. Where that finds none, or a quoted value has a line break in it, the settings are what begins with `Steps:` and
  /// goes on to the end.
  public init(parsing text: String) {
    // Scalars: as characters, a carriage return with a line feed is one that no "\n" matches.
    var lines = Self.trimmed(ArraySlice(text.unicodeScalars)).split(
      separator: "\n", omittingEmptySubsequences: false)
    let start = Self.settingsStart(lines)
    let settings = InfotextFields.groups(lines[start...]).map { ($0, InfotextFields.parse($0)) }
    let found = settings.flatMap(\.1)
    let isExact = found.contains { $0.key == Self.exactPrompt }
    lines.removeSubrange(start...)

    var (prompt, negative) = ([String](), [String]())
    var inNegative = false
    for line in lines {
      var line = Self.trimmed(line)
      if line.starts(with: Self.negativePrefix) {
        inNegative = true
        line = Self.trimmed(line.dropFirst(Self.negativePrefix.count))
      }
      let string = String(String.UnicodeScalarView(line))
      if inNegative { negative.append(string) } else { prompt.append(string) }
    }
    self.init(
      prompt: prompt.joined(separator: "\n"), negativePrompt: negative.joined(separator: "\n"),
      fields: found)
    unread = settings.filter { $0.1.isEmpty && !$0.0.isEmpty }.map { String(String.UnicodeScalarView($0.0)) }
    if isExact {
      self.prompt = takeLast(Self.exactPrompt) ?? self.prompt
      self.negativePrompt = takeLast(Self.exactNegativePrompt) ?? negativePrompt
    }
  }

  /// Index of the first line of settings; that after the last if there is none.
  private static func settingsStart(_ lines: [ArraySlice<Unicode.Scalar>]) -> Int {
    guard let last = lines.indices.last else { return 0 }
    let count = { (line: ArraySlice<Unicode.Scalar>) in InfotextFields.parse(Array(line)).count }
    let ending = InfotextFields.parse(Array(lines[last]))
    if ending.contains(where: { $0.key == Self.exactPrompt }) { return last }
    let isSettings = ending.count >= 3
    if isSettings, startsWithSteps(lines[last]) { return last }
    let found = lines.indices.last { startsWithSteps(lines[$0]) }
    if let found, !isSettings || InfotextFields.isOpen(after: lines[found]) {
      // A line of words may begin so too; settings are several, or all there is on the last line.
      if found == last || count(lines[found]) >= 3 { return found }
    }
    return isSettings ? last : lines.count
  }

  /// Whether a line begins with `Steps: 20` and then ends or goes on with a comma.
  private static func startsWithSteps(_ line: ArraySlice<Unicode.Scalar>) -> Bool {
    let line = trimmed(line)
    guard line.starts(with: stepsPrefix) else { return false }
    let rest = line.dropFirst(stepsPrefix.count).drop { $0 == " " }
    let number = rest.prefix { $0 != "," }
    return !number.isEmpty && number.allSatisfy { ("0"..."9").contains($0) || $0 == "." || $0 == " " }
  }

  private mutating func takeLast(_ key: String) -> String? {
    fields.lastIndex { $0.key == key }.map { fields.remove(at: $0).value }
  }

  private static func trimmed(_ scalars: ArraySlice<Unicode.Scalar>) -> ArraySlice<Unicode.Scalar> {
    let start = scalars.drop { $0.properties.isWhitespace }
    let end = start.lastIndex { !$0.properties.isWhitespace }
    return end.map { start[...$0] } ?? []
  }
}

/// Finds `key: value` pairs in a line of settings.
///
/// Equals the regular expression `\s*(\w[\w \-/]+):\s*("(?:\\.|[^\\"])+"|[^,]*)(?:,|$)` applied
/// repeatedly; by hand because settings come from files, and this takes linear time per key
/// whatever they hold.
enum InfotextFields {
  /// The pairs in order; values without their quotes.
  static func parse(_ line: [Unicode.Scalar]) -> [GenerationParameters.Field] {
    var fields: [GenerationParameters.Field] = []
    var position = 0
    while position < line.count {
      let start = line[position...].firstIndex { !$0.properties.isWhitespace } ?? line.count
      guard let colon = endOfKey(line, from: start) else {
        // From inside the same run no key can start either: it would end at the same place.
        let isWordStart = start < line.count && isWord(line[start])
        position = (isWordStart ? endOfRun(line, from: start) : start) + 1
        continue
      }
      let first = line[(colon + 1)...].firstIndex { !$0.properties.isWhitespace } ?? line.count
      let end = endOfQuoted(line, from: first) ?? line[first...].firstIndex(of: ",") ?? line.count
      fields.append(
        (string(line[start..<colon]), InfotextQuoting.unquote(string(line[first..<end]))))
      position = end + 1
    }
    return fields
  }

  /// Whether a line ends inside a quoted value.
  static func isOpen(after line: ArraySlice<Unicode.Scalar>, startingOpen: Bool = false) -> Bool {
    var (isOpen, index) = (startingOpen, line.startIndex)
    while index < line.endIndex {
      if line[index] == "\"" { isOpen.toggle() } else if isOpen, line[index] == "\\" { index += 1 }
      index += 1
    }
    return isOpen
  }

  /// Lines, those between which a quoted value goes on joined by their line break.
  static func groups(_ lines: ArraySlice<ArraySlice<Unicode.Scalar>>) -> [[Unicode.Scalar]] {
    var groups: [[Unicode.Scalar]] = []
    var isOpen = false
    for line in lines {
      if isOpen { groups[groups.count - 1] += ["\n"] + line } else { groups.append(Array(line)) }
      isOpen = Self.isOpen(after: line, startingOpen: isOpen)
    }
    // A quote that is never closed is a letter.
    return isOpen ? lines.map(Array.init) : groups
  }

  private static func string(_ scalars: ArraySlice<Unicode.Scalar>) -> String {
    String(String.UnicodeScalarView(scalars))
  }

  private static func isWord(_ scalar: Unicode.Scalar) -> Bool {
    let properties = scalar.properties
    return properties.isAlphabetic || properties.numericType != nil || scalar == "_"
  }

  /// End of the longest run of scalars that keys may hold.
  private static func endOfRun(_ line: [Unicode.Scalar], from start: Int) -> Int {
    line[start...].firstIndex { !(isWord($0) || $0 == " " || $0 == "-" || $0 == "/") }
      ?? line.count
  }

  /// Where the colon after a key of two or more scalars stands.
  private static func endOfKey(_ line: [Unicode.Scalar], from start: Int) -> Int? {
    guard start < line.count, isWord(line[start]) else { return nil }
    let end = endOfRun(line, from: start)
    return end < line.count && line[end] == ":" && end - start >= 2 ? end : nil
  }

  /// The end of a non-empty quoted value, if a comma or the end of the line follows it.
  private static func endOfQuoted(_ line: [Unicode.Scalar], from start: Int) -> Int? {
    guard start < line.count, line[start] == "\"" else { return nil }
    var index = start + 1
    while index < line.count, line[index] != "\"" { index += line[index] == "\\" ? 2 : 1 }
    let end = index + 1
    guard index < line.count, end - start > 2, end == line.count || line[end] == "," else {
      return nil
    }
    return end
  }
}
