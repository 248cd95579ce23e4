/// ISO 8859-1, the encoding of PNG's keys and plain text: one byte per scalar below U+0100.
enum Latin1 {
  /// Decodes bytes; all of them mean something.
  static func string(_ bytes: some Sequence<UInt8>) -> String {
    var scalars = String.UnicodeScalarView()
    for byte in bytes { scalars.append(Unicode.Scalar(byte)) }
    return String(scalars)
  }

  /// Decodes plain text as programs write it: many put UTF-8 where Latin-1 belongs, and bytes over 0x7F that are UTF-8 by
  /// chance are hardly ever meant otherwise.
  static func text(_ bytes: UnsafeRawBufferPointer) -> String {
    String(validating: bytes, as: UTF8.self) ?? string(bytes)
  }

  /// The bytes of a string that `text` reads back, or nil if it has other scalars or would be taken for UTF-8.
  static func plainText(_ string: String) -> [UInt8]? {
    guard let bytes = bytes(string) else { return nil }
    return bytes.count == string.utf8.count || String(validating: bytes, as: UTF8.self) == nil ? bytes : nil
  }

  /// The bytes of a string, or nil if it has other scalars.
  static func bytes(_ string: String) -> [UInt8]? {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(string.utf8.count)
    for scalar in string.unicodeScalars {
      guard let byte = UInt8(exactly: scalar.value) else { return nil }
      bytes.append(byte)
    }
    return bytes
  }
}
