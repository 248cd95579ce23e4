/// What can be wrong with tokenizer files.
public enum TokenizerError: Error, Equatable {
  /// The folder has neither layout of tokenizer files.
  case missingFiles(directory: String, missing: String)
  /// A file exists but cannot be read or written.
  case inaccessible(path: String, reason: String)
  /// The text is not the JSON it should be; `offset` counts bytes from the start.
  case malformedJSON(path: String, offset: Int, expected: String, found: String)
  /// A settings file is not JSON, or a key has a value of another kind than it should.
  case malformedSettings(path: String, key: String)
  /// A line of merges.txt, counted from 1, is not two tokens.
  case malformedMerge(path: String, line: Int, found: String)
  /// A line of known_words.txt, counted from 1, is neither a word with `link` or `join` behind it at most, nor "WORD is
  /// KNOWN" with a word of the list.
  case malformedWord(path: String, line: Int, found: String)
  /// A value this tokenizer does not support.
  case unsupported(path: String, key: String, expected: String, found: String)
  /// The vocabulary names a token twice.
  case duplicateToken(path: String, token: String)
  /// Two tokens have one id.
  case duplicateID(path: String, id: Int, tokens: [String])
  /// The ids leave out a number below the count of tokens.
  case missingID(path: String, id: Int, count: Int)
  /// A token that is needed is not in the vocabulary.
  case missingToken(path: String, token: String, role: String)
  /// A merge, counted from 1, names a token that is not in the vocabulary.
  case unknownMergeToken(path: String, merge: Int, token: String)
  /// Two merges join one pair.
  case duplicateMerge(path: String, merge: Int, pair: String)
  /// No merge makes a token of the vocabulary.
  case unreachableToken(path: String, token: String, merges: Int)
  /// A number is outside its range.
  case outOfRange(path: String, key: String, expected: String, found: String)
}

extension TokenizerError: CustomStringConvertible {
  /// One line: what is wrong, and what to do.
  public var description: String {
    switch self {
    case .missingFiles(let directory, let missing):
      "\(directory): no \(missing); a tokenizer folder holds vocab.json and merges.txt, or "
        + "tokenizer.json"
    case .inaccessible(let path, let reason):
      "\(path): \(reason); check the path and its permissions"
    case .malformedJSON(let path, let offset, let expected, let found):
      "\(path): expected \(expected) at byte \(offset), found \(found); fetch the file again"
    case .malformedSettings(let path, let key):
      "\(path): \(key) is not the JSON of a tokenizer's settings; fetch the file again"
    case .malformedMerge(let path, let line, let found):
      "\(path): line \(line) should be two tokens, is '\(found)'; fetch the file again"
    case .malformedWord(let path, let line, let found):
      "\(path): line \(line) should be a word, with link or join behind it at most, or WORD is KNOWN with a word of the list, "
        + "is '\(found)'; correct it"
    case .unsupported(let path, let key, let expected, let found):
      "\(path): \(key) is '\(found)', only \(expected) is supported; use a CLIP tokenizer"
    case .duplicateToken(let path, let token):
      "\(path): the token '\(token)' occurs twice; keep one of the two"
    case .duplicateID(let path, let id, let tokens):
      "\(path): id \(id) belongs to '\(tokens.joined(separator: "' and '"))'; give each its own"
    case .missingID(let path, let id, let count):
      "\(path): no token has id \(id) though there are \(count) tokens; number them from 0"
    case .missingToken(let path, let token, let role):
      "\(path): the \(role) token '\(token)' is not in the vocabulary; add it or fetch the file "
        + "again"
    case .unknownMergeToken(let path, let merge, let token):
      "\(path): merge \(merge) needs the token '\(token)', which the vocabulary lacks; take both "
        + "files from one model"
    case .duplicateMerge(let path, let merge, let pair):
      "\(path): merge \(merge) repeats the pair '\(pair)'; remove it"
    case .unreachableToken(let path, let token, let merges):
      "\(path): none of the \(merges) merges makes the token '\(token)'; the list of merges is "
        + "cut short, fetch it again"
    case .outOfRange(let path, let key, let expected, let found):
      "\(path): \(key) is \(found), expected \(expected); correct the value"
    }
  }
}
