import Foundation

/// Turns prompts into the token ids of a CLIP text encoder, and back.
///
/// Gives the ids of transformers' `CLIPTokenizer`: special tokens written out in a prompt become
/// their ids; what cannot be spelled with a merge is spelled byte by byte, so no text is lost.
/// Source: Radford et al. 2021 (CLIP), section 2.4; OpenAI CLIP, clip/simple_tokenizer.py.
public struct CLIPTokenizer: Sendable {
  /// The id before every prompt.
  public let startID: Int32
  /// The id after every prompt.
  public let endID: Int32
  /// The id that fills a prompt up to a length: the end token's (SD 1) or another (SD 2: "!").
  public let padID: Int32
  /// The tokens the text encoder has positions for, start and end included.
  public let maximumLength: Int
  /// The words the text encoder has learnt, where its folder lists them in `known_words.txt`. Tokens are the same with it
  /// or without; what is left out of a prompt is decided with the prompt.
  public let knownWords: KnownWords?

  private let tokens: [String]
  private let encoding: BytePairEncoding
  private let specialTokens: SpecialTokens
  /// The id of each byte within a word, and at a word's end.
  private let innerIDs: [Int32]
  private let finalIDs: [Int32]

  /// Opens a folder with `vocab.json` and `merges.txt`, or with `tokenizer.json`.
  ///
  /// Padding and length come from `tokenizer_config.json`, `special_tokens_map.json` or
  /// `tokenizer.json`; without them CLIP's are taken, the end token and 77.
  /// - Parameters:
  ///   - padToken: fills a prompt up to a length, whatever the files say.
  ///   - readsKnownWords: false where the text encoder has learnt more than its folder says, with an adapter.
  /// - Throws: `TokenizerError` if files are absent, damaged or do not belong together.
  public init(
    directory: URL, padToken: String? = nil, readsKnownWords: Bool = true
  ) throws(TokenizerError) {
    var definition = try TokenizerFiles.read(directory)
    definition.padToken = padToken ?? definition.padToken
    try self.init(definition, knownWords: readsKnownWords ? try KnownWords(directory: directory) : nil)
  }

  /// Makes a tokenizer from its parts.
  /// - Parameters:
  ///   - vocabulary: ids of all tokens, 0 ..< count; it must have a token for each byte within a
  ///     word and at a word's end, `<|startoftext|>` and `<|endoftext|>`.
  ///   - merges: pairs of tokens to join, the most urgent first.
  ///   - padToken: what fills a prompt up to a length.
  ///   - maximumLength: tokens the text encoder has positions for, ≥ 2.
  /// - Throws: `TokenizerError` if the parts do not belong together.
  ///   - knownWords: those the text encoder has learnt; nil if nobody says.
  public init(
    vocabulary: [String: Int32], merges: [(String, String)], padToken: String, maximumLength: Int,
    knownWords: KnownWords? = nil
  ) throws(TokenizerError) {
    var definition = TokenizerDefinition()
    definition.vocabulary = vocabulary
    definition.merges = merges
    definition.padToken = padToken
    definition.maximumLength = maximumLength
    try self.init(definition, knownWords: knownWords)
  }

  private init(_ definition: TokenizerDefinition, knownWords: KnownWords? = nil) throws(TokenizerError) {
    self.knownWords = knownWords
    let check = try DefinitionCheck(definition)
    tokens = check.tokens
    encoding = check.encoding
    let end = definition.endToken ?? TokenizerDefinition.endToken
    startID = try check.id(definition.startToken ?? TokenizerDefinition.startToken, role: "start")
    endID = try check.id(end, role: "end")
    padID = try check.id(definition.padToken ?? end, role: "padding")
    maximumLength = definition.maximumLength ?? TokenizerDefinition.maximumLength
    guard maximumLength >= 2 else {
      throw .outOfRange(
        path: definition.vocabularyPath, key: "maximum length", expected: "2 or more",
        found: "\(maximumLength)")
    }
    innerIDs = try check.byteIDs(suffix: "")
    finalIDs = try check.byteIDs(suffix: ByteAlphabet.wordEnd)
    specialTokens = SpecialTokens(
      definition.addedTokens + [startID, endID, padID].map { (check.tokens[Int($0)], $0) })
  }

  /// How many tokens there are; ids are 0 ..< this.
  public var vocabularySize: Int { tokens.count }

  /// The ids of a text of any length, between the start and the end token.
  public func encode(_ text: String) -> [Int32] { [startID] + contentIDs(text) + [endID] }

  /// The ids of a text, cut or padded to a length; the end token is always there.
  /// - Parameter length: count of ids, ≥ 2; usually `maximumLength`.
  public func encode(_ text: String, length: Int) -> [Int32] {
    precondition(length >= 2, "encode: length \(length) has no room for start and end")
    let content = contentIDs(text).prefix(length - 2)
    let padding = [Int32](repeating: padID, count: length - 2 - content.count)
    return [startID] + content + [endID] + padding
  }

  /// How many tokens a text has, start and end not counted.
  public func tokenCount(_ text: String) -> Int { contentIDs(text).count }

  /// The spelling of an id in the vocabulary; nil if there is none.
  public func token(_ id: Int32) -> String? {
    tokens.indices.contains(Int(id)) ? tokens[Int(id)] : nil
  }

  /// The text of ids: words separated by spaces, without start, end and padding.
  ///
  /// Case and spacing are lost in encoding. An id outside the vocabulary gives U+FFFD.
  public func decode(_ ids: [Int32]) -> String {
    var bytes: [UInt8] = []
    for id in ids where id != startID && id != endID && id != padID {
      guard let token = token(id) else {
        bytes.append(contentsOf: "\u{fffd}".utf8)
        continue
      }
      guard !specialTokens.contains(id) else {
        bytes.append(contentsOf: (token + " ").utf8)
        continue
      }
      let endsWord = token.hasSuffix(ByteAlphabet.wordEnd)
      let spelling = endsWord ? token.dropLast(ByteAlphabet.wordEnd.count) : token[...]
      for scalar in spelling.unicodeScalars {
        if let byte = ByteAlphabet.bytes[scalar] { bytes.append(byte) }
      }
      if endsWord { bytes.append(0x20) }
    }
    if bytes.last == 0x20 { bytes.removeLast() }
    return String(decoding: bytes, as: UTF8.self)
  }

  private func contentIDs(_ text: String) -> [Int32] {
    var ids: [Int32] = []
    for part in specialTokens.split(text) {
      switch part {
      case .special(let id): ids.append(id)
      case .plain(let text): for word in WordSplitter.words(in: text) { ids += self.ids(ofWord: word) }
      }
    }
    return ids
  }

  /// A word of a text, as the rules for cutting texts have it.
  public struct Word: Sendable, Equatable {
    /// In lower case.
    public let text: String
    public let ids: [Int32]
    /// Whether white space or the start of a text stands before it.
    public let startsAfresh: Bool
    /// Whether it is a token written out, such as `<|endoftext|>`.
    public let isSpecial: Bool
  }

  /// The words of a text; their ids in a row are the text's without start and end.
  public func words(_ text: String) -> [Word] {
    var words: [Word] = []
    for part in specialTokens.split(text) {
      switch part {
      case .special(let id):
        words.append(Word(text: token(id) ?? "", ids: [id], startsAfresh: true, isSpecial: true))
      case .plain(let text):
        words += WordSplitter.spacedWords(in: text).map { word in
          Word(
            text: String(decoding: word.bytes, as: UTF8.self), ids: ids(ofWord: word.bytes),
            startsAfresh: word.followsSpace, isSpecial: false)
        }
      }
    }
    return words
  }

  /// The word that is read for one that the text encoder has not learnt, in its place; nil where there is none.
  public func standIn(for word: Word) -> Word? {
    guard !word.isSpecial, let other = knownWords?.standIns[word.text] else { return nil }
    return Word(text: other, ids: ids(ofWord: Array(other.utf8)), startsAfresh: word.startsAfresh, isSpecial: false)
  }

  /// The ids of one word's bytes, whatever rule cut it.
  package func ids(ofWord word: [UInt8]) -> [Int32] {
    var start = word.map { innerIDs[Int($0)] }
    if let last = word.last { start[start.count - 1] = finalIDs[Int(last)] }
    return encoding.encode(start)
  }
}
