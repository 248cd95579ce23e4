import Foundation

/// Cuts a text into the words that byte pair encoding works on, as CLIP's tokenizer does.
///
/// The text is composed (NFC) and lowercased scalar by scalar. Words are the contractions
/// `'s 't 're 've 'm 'll 'd`, runs of letters, single digits, and runs of other characters;
/// white space separates. Source: OpenAI CLIP, clip/simple_tokenizer.py; transformers' CLIP
/// converter, which differs by lowercasing without context (no final sigma).
package struct WordSplitter {
  private enum Kind { case space, letter, number, other }

  /// Written out in other than the exact form, these are cut where a second, contextless pass of
  /// transformers cuts them, and end a run of other characters before and after.
  private static let spelledMarkers = ["<|startoftext|>", "<|endoftext|>"].map {
    Array($0.unicodeScalars)
  }
  private static let contractions = ["s", "t", "re", "ve", "m", "ll", "d"].map {
    Array($0.unicodeScalars)
  }

  private var scalars: [Unicode.Scalar] = []
  private var kinds: [Kind] = []

  /// The UTF-8 bytes of each word of the text, in order.
  package static func words(in text: String) -> [[UInt8]] { spacedWords(in: text).map(\.bytes) }

  /// The words, and whether white space stands before each.
  package static func spacedWords(in text: String) -> [(bytes: [UInt8], followsSpace: Bool)] {
    var splitter = WordSplitter(text)
    return splitter.split()
  }

  private init(_ text: String) {
    // Scalars below U+0300 neither combine nor decompose.
    let composed =
      text.unicodeScalars.contains { $0.value >= 0x300 }
      ? text.precomposedStringWithCanonicalMapping : text
    for scalar in composed.unicodeScalars {
      if scalar.isASCII {
        let upper = (65...90).contains(scalar.value)
        append(upper ? Unicode.Scalar(UInt8(scalar.value) + 32) : scalar)
      } else {
        for lower in scalar.properties.lowercaseMapping.unicodeScalars { append(lower) }
      }
    }
  }

  private mutating func append(_ scalar: Unicode.Scalar) {
    scalars.append(scalar)
    kinds.append(Self.kind(of: scalar))
  }

  private static func kind(of scalar: Unicode.Scalar) -> Kind {
    if scalar.isASCII {
      switch scalar.value {
      case 97...122: return .letter
      case 48...57: return .number
      case 9...13, 32: return .space
      default: return .other
      }
    }
    if scalar.properties.isWhitespace { return .space }
    switch scalar.properties.generalCategory {
    case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter:
      return .letter
    case .decimalNumber, .letterNumber, .otherNumber:
      return .number
    default:
      return .other
    }
  }

  private mutating func split() -> [(bytes: [UInt8], followsSpace: Bool)] {
    var words: [(bytes: [UInt8], followsSpace: Bool)] = []
    var start = 0
    func emit(_ end: Int) {
      var bytes: [UInt8] = []
      for scalar in scalars[start..<end] {
        bytes.append(contentsOf: UTF8.encode(scalar) ?? .init())
      }
      words.append((bytes, start > 0 && kinds[start - 1] == .space))
      start = end
    }
    while start < scalars.count {
      switch kinds[start] {
      case .space:
        start += 1
      case .number:
        emit(start + 1)
      case .letter:
        emit(endOfRun(from: start))
      case .other:
        if let marker = Self.spelledMarkers.first(where: { matches($0, at: start) }) {
          let end = start + marker.count
          emit(start + 2)
          emit(end - 2)
          emit(end)
        } else if scalars[start] == "'",
          let tail = Self.contractions.first(where: { matches($0, at: start + 1) })
        {
          emit(start + 1 + tail.count)
        } else {
          emit(endOfRun(from: start))
        }
      }
    }
    return words
  }

  private func endOfRun(from start: Int) -> Int {
    var end = start + 1
    while end < kinds.count, kinds[end] == kinds[start] { end += 1 }
    return end
  }

  private func matches(_ pattern: [Unicode.Scalar], at index: Int) -> Bool {
    scalars[min(index, scalars.count)...].starts(with: pattern)
  }
}
