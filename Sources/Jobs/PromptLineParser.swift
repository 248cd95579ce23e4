/// What is wrong with a line.
struct PromptLineError: Error, Equatable {
  let reason: String
}

/// Reads one line of a prompt file.
///
/// A line that starts with `--` is AUTOMATIC1111's (scripts/prompts_from_file.py): words as in a shell, `--prompt` and
/// `--negative_prompt` take all words up to the next option. In any other line ` --name` ends the prompt, as in kohya's
/// `line_to_prompt_dict`. Both take the names of both, and those of txt2img's flags.
enum PromptLineParser {
  /// A name without its dashes, and what follows it.
  typealias Pair = (name: String, value: String)

  /// The jobs of a line: one, or one for each of several seeds.
  static func jobs(_ line: String) throws(PromptLineError) -> [PictureJob] {
    var values = NamedValues()
    let pairs: [Pair]
    if line.hasPrefix("--") {
      pairs = try shellPairs(line)
    } else {
      let parts = split(line)
      values.job.prompt = parts.prompt
      pairs = parts.pairs
    }
    for pair in pairs {
      do {
        try values.set(pair.name, pair.value, takes: { $0 != .run && $0 != .record })
      } catch {
        throw PromptLineError(reason: error.message("--\(pair.name)", pair.value))
      }
    }
    do { try values.checkCount() } catch { throw PromptLineError(reason: error.message("", "")) }
    // Flags alone leave the prompt to what lies below, which may be none.
    return values.jobs
  }

  private static func shellPairs(_ line: String) throws(PromptLineError) -> [Pair] {
    guard let words = ShellWords.split(line) else {
      throw PromptLineError(reason: "a quote or backslash has no end")
    }
    var pairs: [Pair] = []
    for word in words {
      if word.hasPrefix("--"), word.count > 2 {
        let parts = word.dropFirst(2).split(separator: "=", maxSplits: 1)
        guard let name = parts.first else { throw PromptLineError(reason: "\(word) is no option") }
        pairs.append((String(name), parts.count > 1 ? String(parts[1]) : ""))
      } else if let last = pairs.indices.last {
        let isText = ["prompt", "negative_prompt", "negative", "n"].contains(pairs[last].name)
        guard pairs[last].value.isEmpty || isText else {
          throw PromptLineError(
            reason: "--\(pairs[last].name) has more than one value (\"\(word)\"): put quotes around it")
        }
        pairs[last].value += pairs[last].value.isEmpty ? word : " " + word
      }
    }
    return pairs
  }

  /// The prompt before the first ` --name`, and the options. Takes time in proportion to the line.
  private static func split(_ line: String) -> (prompt: String, pairs: [Pair]) {
    let text = line.unicodeScalars
    var (pieces, start) = ([Substring](), text.startIndex)
    var (index, previous) = (text.startIndex, nil as Unicode.Scalar?)
    while index < text.endIndex {
      if previous?.properties.isWhitespace == true, text[index...].starts(with: "--".unicodeScalars) {
        let name = text.index(index, offsetBy: 2)
        if name < text.endIndex, text[name].isASCII, text[name].properties.isAlphabetic {
          pieces.append(Substring(text[start..<index]))
          start = name
        }
      }
      previous = text[index]
      text.formIndex(after: &index)
    }
    pieces.append(Substring(text[start...]))
    let pairs = pieces.dropFirst().map { piece -> Pair in
      let parts = piece.split(maxSplits: 1, whereSeparator: \.isWhitespace)
      return (parts.first.map(String.init) ?? "", unquoted(parts.count > 1 ? parts[1] : ""))
    }
    return (trimmed(pieces[0]), pairs)
  }

  private static func trimmed(_ text: Substring) -> String {
    let start = text.drop(while: \.isWhitespace)
    guard let end = start.lastIndex(where: { !$0.isWhitespace }) else { return "" }
    return String(start[...end])
  }

  private static func unquoted(_ text: Substring) -> String {
    let value = trimmed(text)
    guard value.count >= 2, value.hasPrefix("\""), value.hasSuffix("\"") else { return value }
    return String(value.dropFirst().dropLast())
  }
}
