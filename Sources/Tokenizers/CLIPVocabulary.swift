import Files
import Foundation

/// A vocabulary of the form CLIP's has: bytes, bytes at a word's end, merges, start and end.
public struct CLIPVocabulary: Sendable {
  /// The tokens in the order of their ids.
  public let tokens: [String]
  /// The pairs of tokens to join, the most urgent first.
  public let merges: [(String, String)]
  /// The tokens the text encoder has positions for, start and end included.
  public let maximumLength: Int

  /// A vocabulary with the given merges.
  init(merges: [(String, String)], maximumLength: Int) {
    var tokens = ByteAlphabet.tokens
    var known = Set(tokens)
    // Two merges can make one token.
    for (left, right) in merges where known.insert(left + right).inserted {
      tokens.append(left + right)
    }
    self.tokens = tokens + [TokenizerDefinition.startToken, TokenizerDefinition.endToken]
    self.merges = merges
    self.maximumLength = maximumLength
  }

  /// The tokenizer of this vocabulary, padding with the end token.
  /// - Throws: `TokenizerError` if the length is below 2.
  public func tokenizer() throws(TokenizerError) -> CLIPTokenizer {
    var ids: [String: Int32] = [:]
    for (id, token) in tokens.enumerated() { ids[token] = Int32(id) }
    return try CLIPTokenizer(
      vocabulary: ids, merges: merges, padToken: TokenizerDefinition.endToken,
      maximumLength: maximumLength)
  }

  /// Writes `vocab.json`, `merges.txt`, `tokenizer_config.json` and `special_tokens_map.json`, as
  /// transformers' `CLIPTokenizer` reads them.
  ///
  /// Files come into being under temporary names. A folder that does not exist yet appears with
  /// all of them in it, or not at all.
  /// - Throws: `TokenizerError.inaccessible` if the folder cannot be written.
  public func write(to directory: URL) throws(TokenizerError) {
    let files = FileManager.default
    do {
      guard !files.fileExists(atPath: directory.path) else {
        for (name, text) in contents {
          try PartialFile.write(Data(text.utf8), to: directory.appendingPathComponent(name).path)
        }
        return
      }
      let folder = try PartialFolder(directory.path)
      for (name, text) in contents { try Data(text.utf8).write(to: folder.url.appendingPathComponent(name)) }
      try folder.finish()
    } catch let error as PartialError {
      throw .inaccessible(path: directory.path, reason: error.description)
    } catch {
      throw .inaccessible(path: directory.path, reason: error.localizedDescription)
    }
  }

  private var contents: [(name: String, text: String)] {
    let entries = tokens.enumerated().map { "\(Self.quoted($1)): \($0)" }
    let lines = merges.map { "\($0) \($1)\n" }
    let (start, end) = (
      Self.quoted(TokenizerDefinition.startToken), Self.quoted(TokenizerDefinition.endToken)
    )
    let roles = """
        "bos_token": \(start),
        "eos_token": \(end),
        "pad_token": \(end),
        "unk_token": \(end)
      """
    return [
      ("vocab.json", "{" + entries.joined(separator: ", ") + "}"),
      ("merges.txt", "#version: 0.2\n" + lines.joined()),
      ("special_tokens_map.json", "{\n\(roles)\n}\n"),
      (
        "tokenizer_config.json",
        """
        {
          "model_max_length": \(maximumLength),
          "tokenizer_class": "CLIPTokenizer",
        \(roles)
        }

        """
      ),
    ]
  }

  /// A JSON string of a token, which has no control characters.
  private static func quoted(_ token: String) -> String {
    var text = "\""
    for scalar in token.unicodeScalars {
      if scalar == "\"" || scalar == "\\" { text.unicodeScalars.append("\\") }
      text.unicodeScalars.append(scalar)
    }
    return text + "\""
  }
}
