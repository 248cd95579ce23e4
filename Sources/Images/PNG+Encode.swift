import CImageCodecs
import Foundation

extension PNG {
  /// Longest text that libpng reads again.
  private static let textLimit = 7_999_000

  /// Why a text cannot be stored.
  static func textProblem(_ text: String) -> String? {
    let count = text.utf8.count
    return count <= textLimit ? nil : "it takes \(count) bytes and readers of PNG take \(textLimit)"
  }

  /// Encodes a picture; equal input gives equal bytes.
  /// - Parameter text: written before the picture: as tEXt if Latin-1 that no reader takes for UTF-8, else as uncompressed
  ///   iTXt, nearly as Pillow does. Keys have 1 to 79 Latin-1 bytes. NUL, which PNG forbids, is left
  ///   out of values.
  /// - Throws: `unwritableText` for a bad key, `notEncodable`.
  public static func encode(_ image: Image, text: [Text] = []) throws(ImageError) -> [UInt8] {
    guard let writer = icodec_png_writer_new() else {
      throw .notEncodable(.png, reason: "out of memory")
    }
    defer { icodec_png_writer_free(writer) }
    func check(_ status: Int32) throws(ImageError) {
      guard status == 1 else {
        throw .notEncodable(.png, reason: String(cString: icodec_png_writer_error(writer)))
      }
    }
    try check(
      icodec_png_writer_shape(
        writer, Int64(image.width), Int64(image.height), Int32(image.channels)))
    for (key, value) in text { try check(add(key: key, value: value, to: writer)) }
    var bytes: UnsafePointer<UInt8>?
    var count = 0
    try check(
      image.pixels.withUnsafeBufferPointer {
        icodec_png_writer_encode(writer, $0.baseAddress, &bytes, &count)
      })
    return Array(UnsafeBufferPointer(start: bytes, count: count))
  }

  private static func add(
    key: String, value: String, to writer: OpaquePointer
  ) throws(ImageError) -> Int32 {
    let keyBytes = try validated(key)
    let value = String(String.UnicodeScalarView(value.unicodeScalars.filter { $0 != "\0" }))
    let latin = Latin1.plainText(value)
    let bytes = latin ?? Array(value.utf8)
    return (keyBytes + [0]).withUnsafeBytes { key in
      (bytes + [0]).withUnsafeBytes { text in
        var entry = icodec_text(
          key: key.baseAddress?.assumingMemoryBound(to: CChar.self),
          text: text.baseAddress?.assumingMemoryBound(to: CChar.self),
          count: bytes.count, is_utf8: latin == nil ? 1 : 0)
        return icodec_png_writer_add_text(writer, &entry)
      }
    }
  }

  /// The rules for keys in section 11.3.3.2 of the PNG specification; libpng would alter the key
  /// silently.
  private static func validated(_ key: String) throws(ImageError) -> [UInt8] {
    guard let bytes = Latin1.bytes(key), (1...79).contains(bytes.count),
      bytes.allSatisfy({ (0x20...0x7e).contains($0) || $0 >= 0xa1 }),
      bytes.first != 0x20, bytes.last != 0x20, !key.contains("  ")
    else {
      throw .unwritableText(
        key: key, reason: "a PNG key has 1 to 79 printable Latin-1 characters and single spaces")
    }
    return bytes
  }
}
