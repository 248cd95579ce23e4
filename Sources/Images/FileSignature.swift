/// Tells kinds of files apart by their first bytes.
enum FileSignature {
  /// The format of a picture that can be read, by content.
  static func format(_ bytes: UnsafeRawBufferPointer) -> ImageError.Format? {
    if bytes.starts(with: PNG.signature) { return .png }
    return bytes.starts(with: [0xff, 0xd8, 0xff]) ? .jpeg : nil
  }

  /// What a file that is not a readable picture seems to be: "is a WebP picture", "is empty".
  static func describe(_ bytes: UnsafeRawBufferPointer) -> String {
    if bytes.isEmpty { return "is empty" }
    let known: [(String, offset: Int, what: String)] = [
      ("WEBP", 8, "is a WebP picture"), ("GIF8", 0, "is a GIF picture"),
      ("BM", 0, "looks like a BMP picture"), ("II*\0", 0, "is a TIFF picture"),
      ("MM\0*", 0, "is a TIFF picture"), ("ftypavif", 4, "is an AVIF picture"),
      ("ftyphei", 4, "is an HEIC picture"), ("%PDF", 0, "is a PDF file"),
      ("version https://git-lfs", 0, "is a Git LFS pointer, so run `git lfs pull` first"),
    ]
    for (magic, offset, what) in known
    where bytes.dropFirst(offset).starts(with: Array(magic.utf8)) {
      return what
    }
    if bytes.starts(with: PNG.signature.dropLast(4)) {
      return "starts like a PNG that was cut short or changed by a text conversion"
    }
    let isText = bytes.prefix(64).allSatisfy { (0x20...0x7e).contains($0) || (9...13).contains($0) }
    return isText ? "is a text file" : "starts with no known signature"
  }
}
