import Foundation
import Tokenizers

/// Texts to tokens and back, nothing lost: byte pairs learnt within words, where every space and line end is a word of its own.
///
/// Words are runs of letters, single digits, single white space and runs of other characters, in the bytes of UTF-8, so that any
/// text can be written. The vocabulary has the form of CLIP's (Sennrich et al. 2016; Radford et al. 2019 for bytes).
public struct VerseTokenizer: Sendable {
  private let tokenizer: CLIPTokenizer

  /// Tokens there are.
  public var vocabularySize: Int { tokenizer.vocabularySize }

  /// Opens a folder that `learn` wrote.
  public init(directory: URL) throws { tokenizer = try CLIPTokenizer(directory: directory, readsKnownWords: false) }

  /// Learns a vocabulary from a text and writes it.
  /// - Throws: `LessonError.text` if the text has not enough different pairs for so many tokens.
  package static func learn(_ text: String, path: String, size: Int, context: Int, to directory: URL) throws {
    var counts: [[UInt8]: Int] = [:]
    for word in words(of: Array(text.utf8)) { counts[word, default: 0] += 1 }
    let vocabulary = try VocabularyTrainer.train(
      words: counts, vocabularySize: size, maximumLength: max(context, 2), minimumFrequency: 2)
    guard vocabulary.tokens.count == size else {
      throw LessonError.text(
        path: path, reason: "has words for \(vocabulary.tokens.count) tokens, vocabulary_size is \(size): lower that")
    }
    try vocabulary.write(to: directory)
  }

  /// The ids of a text.
  public func encode(_ text: String) -> [Int32] { Self.words(of: Array(text.utf8)).flatMap(tokenizer.ids(ofWord:)) }

  /// The bytes that ids stand for, of which a token may hold a part of a character.
  public func bytes(_ ids: some Sequence<Int32>) -> [UInt8] {
    ids.flatMap { id -> [UInt8] in
      guard let token = tokenizer.token(id), id != tokenizer.startID, id != tokenizer.endID else { return [] }
      let spelling = token.hasSuffix(ByteAlphabet.wordEnd) ? token.dropLast(ByteAlphabet.wordEnd.count) : token[...]
      return spelling.unicodeScalars.compactMap { ByteAlphabet.bytes[$0] }
    }
  }

  /// The text of ids.
  public func decode(_ ids: some Sequence<Int32>) -> String { String(decoding: bytes(ids), as: UTF8.self) }

  private enum Kind { case letter, digit, space, other }

  private static func kind(_ byte: UInt8) -> Kind {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), 0x80...: .letter
    case UInt8(ascii: "0")...UInt8(ascii: "9"): .digit
    case 9...13, 32: .space
    default: .other
    }
  }

  package static func words(of bytes: [UInt8]) -> [[UInt8]] {
    var words: [[UInt8]] = []
    var start = 0
    while start < bytes.count {
      let kind = kind(bytes[start])
      var end = start + 1
      if kind == .letter || kind == .other {
        while end < bytes.count, Self.kind(bytes[end]) == kind { end += 1 }
      }
      words.append(Array(bytes[start..<end]))
      start = end
    }
    return words
  }
}
