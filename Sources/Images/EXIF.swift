/// The two EXIF values that matter here: which way is up, and the user's comment.
///
/// A TIFF structure, in a JPEG after `Exif\0\0`, in a PNG in a chunk of its own.
struct EXIF {
  /// 1 (upright) to 8, as EXIF numbers the ways a camera can be held; nil if it does not say.
  private(set) var orientation: Int?
  /// The text, decoded.
  private(set) var userComment: String?

  private static let header: [UInt8] = Array("Exif\0\0".utf8)
  private static let unicode: [UInt8] = Array("UNICODE\0".utf8)
  private static let (orientationTag, exifTag, commentTag) = (0x0112, 0x8769, 0x9286)

  /// Finds the first EXIF segment before the picture; nil if there is none or it is damaged.
  init?(jpeg: UnsafeRawBufferPointer) {
    var position = 2
    while position + 4 <= jpeg.count, jpeg[position] == 0xff {
      let marker = jpeg[position + 1]
      if marker == 0xff {  // fill byte
        position += 1
        continue
      }
      if marker == 0xda || marker == 0xd9 { return nil }  // the picture, or its end
      let length = Int(jpeg[position + 2]) << 8 | Int(jpeg[position + 3])
      let end = position + 2 + length
      guard length >= 2, end <= jpeg.count else { return nil }
      let payload = UnsafeRawBufferPointer(rebasing: jpeg[(position + 4)..<end])
      if marker == 0xe1, payload.starts(with: Self.header) {
        self.init(tiff: UnsafeRawBufferPointer(rebasing: payload[Self.header.count...]))
        return
      }
      position = end
    }
    return nil
  }

  /// Reads a TIFF structure, which a JPEG's header may precede. Offsets come from outside, so every one is checked.
  init?(tiff block: UnsafeRawBufferPointer) {
    let bytes =
      block.starts(with: Self.header) ? UnsafeRawBufferPointer(rebasing: block[Self.header.count...]) : block
    guard let tiff = TIFF(bytes), let first = tiff.integer(at: 4, bytes: 4) else { return nil }
    for entry in tiff.entries(at: first) {
      if entry.tag == Self.orientationTag, let value = tiff.integer(at: entry.position, bytes: 2),
        (1...8).contains(value)
      {
        orientation = value
      }
      guard entry.tag == Self.exifTag, let next = tiff.integer(at: entry.position, bytes: 4)
      else { continue }
      for entry in tiff.entries(at: next) where entry.tag == Self.commentTag {
        // Longer than four bytes, therefore an offset.
        guard let offset = tiff.integer(at: entry.position, bytes: 4),
          entry.count >= 8, offset + entry.count <= bytes.count
        else { continue }
        userComment = Self.text(
          bytes[offset..<(offset + entry.count)], bigEndian: tiff.isBigEndian)
      }
    }
  }

  /// Decodes a UserComment: eight bytes that name the encoding, then the text.
  private static func text(
    _ comment: Slice<UnsafeRawBufferPointer>, bigEndian: Bool
  ) -> String? {
    let payload = comment.dropFirst(8)
    if comment.starts(with: unicode) { return utf16(Array(payload), bigEndian: bigEndian) }
    // ASCII, or eight NULs: in practice UTF-8, padded.
    guard
      comment.starts(with: Array("ASCII\0\0\0".utf8)) || comment.prefix(8).allSatisfy({ $0 == 0 })
    else { return nil }
    let text = payload.prefix { $0 != 0 }
    return text.isEmpty ? nil : String(decoding: text, as: UTF8.self)
  }

  /// Decodes UTF-16 whose byte order writers disagree about.
  ///
  /// The standard leaves it open, piexif writes big-endian, others follow the file's order. A byte
  /// order mark decides, else the order that gives more ASCII (all generation parameters have
  /// some), else the file's.
  private static func utf16(_ bytes: [UInt8], bigEndian: Bool) -> String {
    var units = stride(from: 0, to: bytes.count - 1, by: 2).map {
      UInt16(bytes[$0]) << 8 | UInt16(bytes[$0 + 1])
    }
    func ascii(_ unit: UInt16) -> Bool { (0x20...0x7e).contains(unit) || unit == 0x0a }
    let asBig = units.count { ascii($0) }
    let asLittle = units.count { ascii($0.byteSwapped) }
    let swap =
      switch units.first {
      case 0xfeff: false
      case 0xfffe: true
      default: asBig == asLittle ? !bigEndian : asLittle > asBig
      }
    if swap { units = units.map(\.byteSwapped) }
    if units.first == 0xfeff { units.removeFirst() }
    return String(decoding: units, as: UTF16.self)
  }

  /// Most bytes of an APP1 payload, whose length and own two bytes take 16 bits.
  static let segmentLimit = 65_533

  /// An APP1 payload with nothing but a UserComment: `UNICODE\0` and big-endian UTF-16, as piexif
  /// writes it; plain ASCII too long for that in half the bytes.
  static func segment(userComment: String) -> [UInt8] {
    let isLong = userComment.utf16.count > (segmentLimit - 58) / 2
    guard isLong, userComment.utf8.allSatisfy({ $0 < 0x80 }) else {
      return segment(comment: unicode + userComment.utf16.flatMap { [UInt8($0 >> 8), UInt8($0 & 0xff)] })
    }
    return segment(comment: Array("ASCII\0\0\0".utf8) + userComment.utf8)
  }

  private static func segment(comment text: [UInt8]) -> [UInt8] {
    func short(_ value: Int) -> [UInt8] { [UInt8(value >> 8 & 0xff), UInt8(value & 0xff)] }
    func long(_ value: Int) -> [UInt8] { short(value >> 16) + short(value) }
    // A directory with one entry takes 2 + 12 + 4 bytes; the second stands right after the first.
    func directory(tag: Int, type: Int, count: Int, value: Int) -> [UInt8] {
      short(1) + short(tag) + short(type) + long(count) + long(value) + long(0)
    }
    return header + Array("MM".utf8) + short(42) + long(8)
      + directory(tag: exifTag, type: 4, count: 1, value: 26)
      + directory(tag: commentTag, type: 7, count: text.count, value: 44) + text
  }
}

/// Bounds-checked reading of a TIFF structure.
private struct TIFF {
  struct Entry {
    let tag: Int
    /// Number of values; bytes for the one tag where it is used.
    let count: Int
    /// Where the value, or the offset of a long one, stands.
    let position: Int
  }

  let bytes: UnsafeRawBufferPointer
  let isBigEndian: Bool

  init?(_ bytes: UnsafeRawBufferPointer) {
    if bytes.starts(with: [0x4d, 0x4d, 0, 42]) {
      isBigEndian = true
    } else if bytes.starts(with: [0x49, 0x49, 42, 0]) {
      isBigEndian = false
    } else {
      return nil
    }
    self.bytes = bytes
  }

  func integer(at position: Int, bytes count: Int) -> Int? {
    guard position >= 0, position + count <= bytes.count else { return nil }
    let field = bytes[position..<(position + count)]
    let ordered = isBigEndian ? Array(field) : field.reversed()
    return ordered.reduce(0) { $0 << 8 | Int($1) }
  }

  func entries(at offset: Int) -> [Entry] {
    guard let count = integer(at: offset, bytes: 2) else { return [] }
    var entries: [Entry] = []
    for index in 0..<count {
      let start = offset + 2 + 12 * index
      guard let tag = integer(at: start, bytes: 2), let number = integer(at: start + 4, bytes: 4)
      else { break }
      entries.append(Entry(tag: tag, count: number, position: start + 8))
    }
    return entries
  }
}
