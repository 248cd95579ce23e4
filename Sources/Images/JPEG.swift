import CImageCodecs
import Foundation

/// Reads and writes JPEG pictures.
public enum JPEG {
  /// A picture and the text stored with it.
  public struct Decoded: Sendable {
    /// The picture, upright.
    public let image: Image
    /// The EXIF UserComment, where generation parameters are kept.
    public let userComment: String?
  }

  /// Decodes a picture: grey stays 1 channel, all others (CMYK and YCCK too) become RGB.
  ///
  /// The EXIF orientation is applied. A file whose data ends early or is garbled is an error.
  /// - Throws: `unknownFormat`, `corrupt`, `tooLarge`.
  public static func decode(_ bytes: some ContiguousBytes) throws(ImageError) -> Image {
    try decodeWithText(bytes).image
  }

  /// Decodes a file's content.
  /// - Throws: `unreadable`, or `inFile` with the error in the content.
  public static func decode(_ url: URL) throws(ImageError) -> Image {
    try ImageFile.read(url) { data throws(ImageError) in try decode(data) }
  }

  /// Decodes a picture and its EXIF UserComment.
  /// - Throws: as `decode`.
  public static func decodeWithText(_ bytes: some ContiguousBytes) throws(ImageError) -> Decoded {
    try bytes.withUnsafeBytes { raw in
      Result { () throws(ImageError) in
        let exif = EXIF(jpeg: raw)
        let image = try pixels(raw).oriented(exif?.orientation ?? 1)
        return Decoded(image: image, userComment: exif?.userComment)
      }
    }.get()
  }

  /// Decodes the picture as stored.
  private static func pixels(_ raw: UnsafeRawBufferPointer) throws(ImageError) -> Image {
    guard FileSignature.format(raw) == .jpeg, let base = raw.baseAddress else {
      throw .unknownFormat(found: FileSignature.describe(raw))
    }
    guard
      let reader = icodec_jpeg_reader_new(base.assumingMemoryBound(to: UInt8.self), raw.count)
    else { throw .corrupt(.jpeg, reason: "out of memory") }
    defer { icodec_jpeg_reader_free(reader) }
    func failure() -> ImageError {
      .corrupt(.jpeg, reason: String(cString: icodec_jpeg_reader_error(reader)))
    }

    var shape = icodec_shape()
    guard icodec_jpeg_reader_header(reader, &shape) == 1 else { throw failure() }
    let (width, height) = (Int(shape.width), Int(shape.height))
    guard width * height <= PNG.pixelLimit else {
      throw .tooLarge(width: width, height: height, limit: PNG.pixelLimit)
    }
    return try Image(width: width, height: height, channels: Int(shape.channels)) {
      buffer throws(ImageError) in
      guard icodec_jpeg_reader_pixels(reader, buffer.baseAddress) == 1 else { throw failure() }
    }
  }

  /// Why a text is no possible UserComment: about 32,000 characters go in, or 65,000 of ASCII.
  static func textProblem(_ userComment: String) -> String? {
    let count = EXIF.segment(userComment: userComment).count
    return count <= EXIF.segmentLimit
      ? nil : "it takes \(count) bytes and JPEG holds \(EXIF.segmentLimit); use PNG"
  }

  /// Encodes a picture; equal input gives equal bytes. Transparent parts become white.
  /// - Parameters:
  ///   - quality: 1...100, libjpeg's scale; from 90 on colour keeps the full resolution.
  ///   - userComment: text for the EXIF UserComment; `textProblem` tells of one that is too long.
  /// - Throws: `unwritableText` for a longer text, `notEncodable`.
  public static func encode(
    _ image: Image, quality: Int = 95, userComment: String? = nil
  ) throws(ImageError) -> [UInt8] {
    precondition((1...100).contains(quality), "JPEG.encode: quality \(quality) is not in 1...100")
    let app1 = userComment.map { EXIF.segment(userComment: $0) } ?? []
    if let userComment, let problem = textProblem(userComment) {
      throw .unwritableText(key: "UserComment", reason: problem)
    }
    let opaque = image.channels == 4 ? image.converted(toChannels: 3) : image
    guard let writer = icodec_jpeg_writer_new() else {
      throw .notEncodable(.jpeg, reason: "out of memory")
    }
    defer { icodec_jpeg_writer_free(writer) }
    var bytes: UnsafePointer<UInt8>?
    var count = 0
    let status = opaque.pixels.withUnsafeBufferPointer {
      icodec_jpeg_writer_encode(
        writer, $0.baseAddress, Int64(opaque.width), Int64(opaque.height), Int32(opaque.channels),
        Int32(quality), app1, app1.count, &bytes, &count)
    }
    guard status == 1 else {
      throw .notEncodable(.jpeg, reason: String(cString: icodec_jpeg_writer_error(writer)))
    }
    return Array(UnsafeBufferPointer(start: bytes, count: count))
  }
}
