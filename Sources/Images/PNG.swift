import CImageCodecs
import Foundation

/// Reads PNG pictures of every kind.
public enum PNG {
  /// A piece of text in a file; keys may repeat.
  public typealias Text = (key: String, value: String)

  /// A picture and the text stored with it, in file order.
  public struct Decoded: Sendable {
    /// The picture, upright.
    public let image: Image
    /// The tEXt, zTXt and iTXt chunks before and after the picture.
    public let text: [Text]

    /// The first text under a key.
    public subscript(key: String) -> String? { text.first { $0.key == key }?.value }
  }

  /// Most pixels of a picture that is read: 2²⁸.
  public static let pixelLimit = 1 << 28

  static let signature: [UInt8] = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]

  /// Decodes a picture: palettes, 1 to 16 bit, transparency and interlacing become 1, 3 or 4
  /// channels of 8 bit.
  ///
  /// Grey with transparency becomes RGBA. 16-bit samples are scaled by 255/65535 and rounded. The
  /// orientation that EXIF or XMP names is applied; gamma and colour profiles are not.
  /// - Throws: `unknownFormat`, `corrupt`, `tooLarge`.
  public static func decode(_ bytes: some ContiguousBytes) throws(ImageError) -> Image {
    try decodeWithText(bytes).image
  }

  /// Decodes a file's content.
  /// - Throws: `unreadable`, or `inFile` with the error in the content.
  public static func decode(_ url: URL) throws(ImageError) -> Image {
    try ImageFile.read(url) { data throws(ImageError) in try decode(data) }
  }

  /// Decodes a picture and its text.
  /// - Throws: as `decode`.
  public static func decodeWithText(_ bytes: some ContiguousBytes) throws(ImageError) -> Decoded {
    try bytes.withUnsafeBytes { raw in
      Result { () throws(ImageError) in try decodeWithText(raw) }
    }.get()
  }

  private static func decodeWithText(_ raw: UnsafeRawBufferPointer) throws(ImageError) -> Decoded {
    guard raw.starts(with: signature), let base = raw.baseAddress else {
      throw .unknownFormat(found: FileSignature.describe(raw))
    }
    guard
      let reader = icodec_png_reader_new(base.assumingMemoryBound(to: UInt8.self), raw.count)
    else { throw .corrupt(.png, reason: "out of memory") }
    defer { icodec_png_reader_free(reader) }
    func failure() -> ImageError {
      .corrupt(.png, reason: String(cString: icodec_png_reader_error(reader)))
    }

    var shape = icodec_shape()
    guard icodec_png_reader_header(reader, &shape) == 1 else { throw failure() }
    let (width, height) = (Int(shape.width), Int(shape.height))
    guard width * height <= pixelLimit else {
      throw .tooLarge(width: width, height: height, limit: pixelLimit)
    }
    // Deflate packs at most 1032 bytes into one, so a small file that claims a large picture is
    // found out before memory is taken for it.
    let needed = (width * Int(shape.stored_bits) + 7) / 8 * height / 1032
    guard needed <= raw.count else {
      throw .corrupt(.png, reason: "\(raw.count) bytes cannot hold \(width) × \(height) pixels")
    }
    let image = try Image(width: width, height: height, channels: Int(shape.channels)) {
      buffer throws(ImageError) in
      guard icodec_png_reader_pixels(reader, buffer.baseAddress) == 1 else { throw failure() }
    }
    let text = text(of: reader)
    let exif = exif(of: reader) ?? PNGProfiles.exif(text)
    let orientation = exif?.orientation ?? PNGProfiles.orientation(text) ?? 1
    let isSaid = exif?.userComment == nil || text.contains { $0.key == ImageFile.parametersKey }
    let comment = isSaid ? [] : [(key: ImageFile.parametersKey, value: exif?.userComment ?? "")]
    return Decoded(image: image.oriented(orientation), text: text + comment)
  }

  private static func exif(of reader: OpaquePointer) -> EXIF? {
    var bytes: UnsafePointer<UInt8>?
    let count = icodec_png_reader_exif(reader, &bytes)
    return count > 0 ? EXIF(tiff: UnsafeRawBufferPointer(start: bytes, count: count)) : nil
  }

  private static func text(of reader: OpaquePointer) -> [Text] {
    (0..<icodec_png_reader_text_count(reader)).map { index in
      let entry = icodec_png_reader_text(reader, index)
      let bytes = UnsafeRawBufferPointer(start: entry.text, count: entry.count)
      let key = UnsafeRawBufferPointer(start: entry.key, count: strlen(entry.key))
      return (
        Latin1.string(key),
        entry.is_utf8 != 0 ? String(decoding: bytes, as: UTF8.self) : Latin1.text(bytes)
      )
    }
  }
}
