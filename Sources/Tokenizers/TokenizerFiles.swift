import Foundation

/// Reads the files of a tokenizer folder, in either of the layouts in use.
struct TokenizerFiles {
  private let directory: URL
  private var definition = TokenizerDefinition()

  /// Reads `vocab.json` and `merges.txt`, or else `tokenizer.json`; then the settings beside them.
  static func read(_ directory: URL) throws(TokenizerError) -> TokenizerDefinition {
    var files = TokenizerFiles(directory: directory)
    let hasVocabulary = files.exists("vocab.json")
    let hasMerges = files.exists("merges.txt")
    if hasVocabulary && hasMerges {
      try files.readVocabulary()
      try files.readMerges()
      try files.readAddedTokens()
    } else if files.exists("tokenizer.json") {
      try files.readTokenizerJSON()
    } else {
      let missing =
        hasVocabulary ? "merges.txt" : hasMerges ? "vocab.json" : "tokenizer files"
      throw .missingFiles(directory: directory.path, missing: missing)
    }
    // The first file to name a role wins.
    try files.readSettings("tokenizer_config.json")
    try files.readSettings("special_tokens_map.json")
    files.definition.padToken = files.definition.padToken ?? files.paddingToken
    return files.definition
  }

  /// What tokenizer.json pads with; the settings files go before it.
  private var paddingToken: String?

  private init(directory: URL) { self.directory = directory }

  private func url(_ name: String) -> URL { directory.appendingPathComponent(name) }

  private func exists(_ name: String) -> Bool {
    FileManager.default.fileExists(atPath: url(name).path)
  }

  private func bytes(_ name: String) throws(TokenizerError) -> [UInt8] {
    let attributes = try? FileManager.default.attributesOfItem(atPath: url(name).resolvingSymlinksInPath().path)
    // Reading from a pipe or a device would wait without end.
    guard attributes?[.type] as? FileAttributeType == .typeRegular else {
      throw .inaccessible(path: url(name).path, reason: "it is not a regular file")
    }
    do {
      return [UInt8](try Data(contentsOf: url(name)))
    } catch {
      throw .inaccessible(path: url(name).path, reason: error.localizedDescription)
    }
  }

  private func scanner(_ name: String) throws(TokenizerError) -> JSONScanner {
    JSONScanner(try bytes(name), path: url(name).path)
  }

  // MARK: vocab.json and merges.txt

  private mutating func readVocabulary() throws(TokenizerError) {
    definition.vocabularyPath = url("vocab.json").path
    var scanner = try scanner("vocab.json")
    try readTokens(&scanner)
    try scanner.end()
  }

  private mutating func readTokens(_ scanner: inout JSONScanner) throws(TokenizerError) {
    var vocabulary: [String: Int32] = [:]
    vocabulary.reserveCapacity(1 << 16)
    let path = definition.vocabularyPath
    try scanner.object { (scanner, token) throws(TokenizerError) in
      let id = try scanner.index()
      guard vocabulary.updateValue(id, forKey: token) == nil else {
        throw TokenizerError.duplicateToken(path: path, token: token)
      }
    }
    definition.vocabulary = vocabulary
  }

  private mutating func readMerges() throws(TokenizerError) {
    let path = url("merges.txt").path
    definition.mergesPath = path
    let lines = try bytes("merges.txt").split(separator: 0x0a, omittingEmptySubsequences: false)
    definition.merges.reserveCapacity(lines.count)
    for (index, line) in lines.enumerated() {
      let line = line.last == 0x0d ? line.dropLast() : line
      // The first line names the format; blank ones end the file.
      if line.isEmpty || index == 0 && line.starts(with: "#version".utf8) { continue }
      guard let text = String(validating: line, as: UTF8.self), let pair = Self.pair(text) else {
        let found = String(decoding: line, as: UTF8.self)
        throw .malformedMerge(path: path, line: index + 1, found: found)
      }
      definition.merges.append(pair)
    }
  }

  private static func pair(_ text: String) -> (String, String)? {
    guard let space = text.utf8.firstIndex(of: 0x20) else { return nil }
    let (left, right) = (text[..<space], text[text.utf8.index(after: space)...])
    guard !left.isEmpty, !right.isEmpty, !right.utf8.contains(0x20) else { return nil }
    return (String(left), String(right))
  }

  /// added_tokens.json of older tools: tokens a user taught the model, with their ids.
  private mutating func readAddedTokens() throws(TokenizerError) {
    guard exists("added_tokens.json") else { return }
    var scanner = try scanner("added_tokens.json")
    var added: [(token: String, id: Int32)] = []
    try scanner.object { (scanner, token) throws(TokenizerError) in
      added.append((token, try scanner.index()))
    }
    try scanner.end()
    definition.addedTokens += added
  }

  // MARK: tokenizer.json

  private mutating func readTokenizerJSON() throws(TokenizerError) {
    let path = url("tokenizer.json").path
    definition.vocabularyPath = path
    definition.mergesPath = path
    var scanner = try scanner("tokenizer.json")
    var files = self
    var hasModel = false
    try scanner.object { (scanner, key) throws(TokenizerError) in
      switch key {
      case "model":
        hasModel = true
        try files.readModel(&scanner)
      case "added_tokens":
        try scanner.array { (scanner) throws(TokenizerError) in
          try files.readAddedToken(&scanner)
        }
      case "padding" where scanner.peek() == UInt8(ascii: "{"):
        try scanner.object { (scanner, key) throws(TokenizerError) in
          if key == "pad_token" {
            files.paddingToken = try scanner.string()
          } else {
            try scanner.skip()
          }
        }
      default: try scanner.skip()
      }
    }
    try scanner.end()
    guard hasModel else {
      throw .unsupported(path: path, key: "model", expected: "BPE", found: "absent")
    }
    self = files
  }

  private mutating func readModel(_ scanner: inout JSONScanner) throws(TokenizerError) {
    var files = self
    var found: Set<String> = []
    let path = definition.vocabularyPath
    try scanner.object { (scanner, key) throws(TokenizerError) in
      found.insert(key)
      switch key {
      case "type": try scanner.require("BPE", key: "model.type", path: path)
      case "end_of_word_suffix":
        try scanner.require(ByteAlphabet.wordEnd, key: "model.end_of_word_suffix", path: path)
      case "vocab":
        // A Unigram model has a list here; its type comes last, so say it now.
        guard scanner.peek() == UInt8(ascii: "{") else {
          throw TokenizerError.unsupported(
            path: path, key: "model.vocab", expected: "a map from tokens to ids", found: "a list")
        }
        try files.readTokens(&scanner)
      case "merges":
        try scanner.array { (scanner) throws(TokenizerError) in
          files.definition.merges.append(try files.readMerge(&scanner))
        }
      default: try scanner.skip()
      }
    }
    for key in ["vocab", "merges", "end_of_word_suffix"] where !found.contains(key) {
      throw .unsupported(
        path: path, key: "model.\(key)", expected: "a CLIP tokenizer's", found: "absent")
    }
    self = files
  }

  /// A merge is `["a", "b"]` today and was `"a b"`.
  private func readMerge(_ scanner: inout JSONScanner) throws(TokenizerError) -> (String, String) {
    if scanner.take("[") {
      let left = try scanner.string()
      try scanner.expect(",")
      let right = try scanner.string()
      try scanner.expect("]")
      return (left, right)
    }
    let text = try scanner.string()
    guard let pair = Self.pair(text) else {
      throw .malformedMerge(
        path: definition.mergesPath, line: definition.merges.count + 1, found: text)
    }
    return pair
  }

  private mutating func readAddedToken(_ scanner: inout JSONScanner) throws(TokenizerError) {
    var token: String?
    var id: Int32?
    try scanner.object { (scanner, key) throws(TokenizerError) in
      switch key {
      case "content": token = try scanner.string()
      case "id": id = try scanner.index()
      default: try scanner.skip()
      }
    }
    guard let token, let id else {
      throw .unsupported(
        path: definition.vocabularyPath, key: "added_tokens", expected: "an id and a content",
        found: token ?? "neither")
    }
    definition.addedTokens.append((token, id))
  }

  // MARK: settings

  private mutating func readSettings(_ name: String) throws(TokenizerError) {
    guard exists(name) else { return }
    let settings = try TokenizerSettings(try bytes(name), path: url(name).path)
    definition.startToken = definition.startToken ?? settings.start?.content
    definition.endToken = definition.endToken ?? settings.end?.content
    definition.padToken = definition.padToken ?? settings.pad?.content
    guard definition.maximumLength == nil, let length = settings.maximumLength else { return }
    guard length >= 2 else {
      throw .outOfRange(
        path: url(name).path, key: "model_max_length", expected: "2 or more", found: "\(length)")
    }
    // Tools write 1e30 where nobody set a limit.
    definition.maximumLength = length < 1e6 ? Int(length) : nil
  }
}

extension JSONScanner {
  /// Reads a string, or null, that must have one value.
  fileprivate mutating func require(
    _ expected: String, key: String, path: String
  ) throws(TokenizerError) {
    let found = peek() == UInt8(ascii: "\"") ? try string() : nil
    if found == nil { try skip() }
    guard found == expected else {
      throw .unsupported(path: path, key: key, expected: expected, found: found ?? "not set")
    }
  }
}
