import Foundation

/// The words a text encoder has learnt: those of its training captions, in `known_words.txt` beside its tokenizer.
///
/// A small vocabulary spells any other word in pieces that meant something else in training, so such words only disturb.
/// The file has one word a line; `link` behind one says that it only leads to the next word ("on", "the"), `join` that it
/// needs words on both sides ("of", "and"). `kitten is cat` says that "kitten" was not learnt and is read as "cat", which was.
/// Lines that begin with `#` and a space are comments. Made by `imago data words`.
public struct KnownWords: Sendable, Equatable {
  /// The file's name in a tokenizer's folder.
  public static let fileName = "known_words.txt"
  /// Largest file that is read, in bytes.
  private static let sizeLimit = 16 << 20

  /// What a word does for others.
  public enum Role: String, Sendable, CaseIterable {
    /// It means something by itself.
    case content
    /// It leads to the next word, and says nothing without it.
    case link
    /// It ties two words together, and says nothing without both.
    case join
  }

  /// In lower case.
  public let roles: [String: Role]
  /// For words that were not learnt the learnt ones that are read in their place, both in lower case.
  public let standIns: [String: String]

  /// - Parameter standIns: those for words that were learnt after all are dropped.
  public init(_ roles: [String: Role], standIns: [String: String] = [:]) {
    self.roles = roles
    self.standIns = standIns.filter { roles[$0.key] == nil }
  }

  /// Reads the list of a tokenizer's folder; nil if it has none.
  /// - Throws: `TokenizerError` for one that cannot be read.
  init?(directory: URL) throws(TokenizerError) {
    let url = directory.appendingPathComponent(Self.fileName)
    guard let attributes = try? FileManager.default.attributesOfItem(atPath: url.path) else { return nil }
    guard let size = attributes[.size] as? Int, size <= Self.sizeLimit, let data = try? Data(contentsOf: url),
      let text = String(data: data, encoding: .utf8)
    else {
      throw .inaccessible(path: url.path, reason: "is not UTF-8 text of at most 16 MiB")
    }
    try self.init(text: text, path: url.path)
  }

  /// - Parameter path: for messages.
  public init(text: String, path: String) throws(TokenizerError) {
    var roles: [String: Role] = [:]
    var standIns: [String: (word: String, line: Int, text: Substring)] = [:]
    for (index, line) in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).enumerated() {
      let words = line.split(whereSeparator: \.isWhitespace)
      guard let word = words.first, !line.hasPrefix("# ") else { continue }
      if words.count == 3, words[1] == "is" {
        standIns[word.lowercased()] = (words[2].lowercased(), index + 1, line)
        continue
      }
      let role = words.count == 1 ? Role.content : Role(rawValue: String(words[1]))
      guard let role, words.count <= 2 else {
        throw .malformedWord(path: path, line: index + 1, found: String(line.prefix(60)))
      }
      roles[word.lowercased()] = role
    }
    for stand in standIns.values where roles[stand.word] == nil {
      throw .malformedWord(path: path, line: stand.line, found: String(stand.text.prefix(60)))
    }
    self.init(roles, standIns: standIns.mapValues(\.word))
  }

  /// The file's text.
  /// - Parameter heading: a comment's lines.
  public func text(heading: [String] = []) -> String {
    let lines = roles.sorted { $0.key < $1.key }.map { word, role in
      role == .content ? word : "\(word) \(role.rawValue)"
    }
    let others = standIns.sorted { $0.key < $1.key }.map { "\($0) is \($1)" }
    return (heading.map { "# \($0)" } + lines + others).map { $0 + "\n" }.joined()
  }
}
