/// One visible character for each of the 256 bytes, in which vocabularies spell their tokens.
///
/// Printable Latin-1 bytes stand for themselves; the others get the characters from U+0100 on.
/// Source: Radford et al. 2019 (GPT-2), byte-level BPE.
package enum ByteAlphabet {
  /// Marks the last token of a word.
  package static let wordEnd = "</w>"

  /// The bytes in the order in which a CLIP vocabulary numbers them.
  package static let orderedBytes: [UInt8] = {
    let printable = (0...255).filter(isPrintable)
    return (printable + (0...255).filter { !isPrintable($0) }).map { UInt8($0) }
  }()

  /// The character of each byte.
  package static let scalars: [Unicode.Scalar] = {
    var table = (0...255).map { Unicode.Scalar(UInt8($0)) }
    var next: UInt32 = 0x100
    for byte in 0...255 where !isPrintable(byte) {
      if let scalar = Unicode.Scalar(next) { table[byte] = scalar }
      next += 1
    }
    return table
  }()

  /// The byte of each character.
  package static let bytes: [Unicode.Scalar: UInt8] = Dictionary(
    uniqueKeysWithValues: scalars.enumerated().map { ($1, UInt8($0)) })

  /// The tokens every vocabulary begins with: each byte within a word, then each at a word's end.
  package static let tokens: [String] = {
    let inner = orderedBytes.map { String(scalars[Int($0)]) }
    return inner + inner.map { $0 + wordEnd }
  }()

  private static func isPrintable(_ byte: Int) -> Bool {
    (0x21...0x7e).contains(byte) || (0xa1...0xac).contains(byte) || (0xae...0xff).contains(byte)
  }
}
