import Foundation

/// Turns bytes of people's text files into text.
enum TextBytes {
  /// How a text was written.
  enum Encoding: Sendable, Equatable {
    case utf8, utf16, latin1
  }

  /// Decodes UTF-8, UTF-16 with its mark, or what is left: Latin-1, in which all bytes mean something.
  static func decode(_ bytes: some Collection<UInt8>) -> (text: String, encoding: Encoding) {
    if bytes.starts(with: [0xff, 0xfe]) || bytes.starts(with: [0xfe, 0xff]),
      let text = String(data: Data(bytes), encoding: .utf16)
    {
      return (text, .utf16)
    }
    let content = bytes.starts(with: [0xef, 0xbb, 0xbf]) ? Array(bytes.dropFirst(3)) : Array(bytes)
    if let text = String(validating: content, as: UTF8.self) { return (text, .utf8) }
    var scalars = String.UnicodeScalarView()
    for byte in content { scalars.append(Unicode.Scalar(byte)) }
    return (String(scalars), .latin1)
  }

  /// The trimmed text of a small file, such as a caption beside a picture.
  static func read(_ url: URL) throws -> (text: String, encoding: Encoding) {
    let file = try RandomAccessFile(url)
    guard file.count <= 1 << 20 else {
      throw DataSetError.unreadable(path: url.path, reason: "\(file.count) bytes are too many for a caption")
    }
    let (text, encoding) = decode(try file.read(upTo: file.count, at: 0))
    return (text.trimmingCharacters(in: .whitespacesAndNewlines), encoding)
  }
}
