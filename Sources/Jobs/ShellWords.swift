/// Splits a line into words as a POSIX shell does, without expanding anything.
enum ShellWords {
  /// - Returns: nil if a quote has no end.
  static func split(_ line: some StringProtocol) -> [String]? {
    var words: [String] = []
    var word: String?
    var quote: Character?
    var isEscaped = false
    func append(_ character: Character) {
      if word == nil { word = "" }
      word?.append(character)
    }
    for character in line {
      if isEscaped {
        // Between double quotes a backslash is one unless it protects something.
        if quote == "\"", character != "\"", character != "\\" { append("\\") }
        append(character)
        isEscaped = false
      } else if character == "\\", quote != "'" {
        isEscaped = true
      } else if let open = quote {
        if character == open { quote = nil } else { append(character) }
      } else if character == "\"" || character == "'" {
        quote = character
        word = word ?? ""
      } else if character.isWhitespace {
        if let done = word { words.append(done) }
        word = nil
      } else {
        append(character)
      }
    }
    guard quote == nil, !isEscaped else { return nil }
    if let done = word { words.append(done) }
    return words
  }
}
