/// What older programs put into a PNG's text chunks where EXIF now has a chunk of its own.
enum PNGProfiles {
  /// EXIF as ImageMagick writes it: `Raw profile type exif`, a name, a length and hexadecimal digits.
  static func exif(_ text: [PNG.Text]) -> EXIF? {
    let keys = ["Raw profile type exif", "Raw profile type APP1"]
    for entry in text where keys.contains(entry.key) {
      guard let bytes = rawProfile(entry.value) else { continue }
      if let exif = bytes.withUnsafeBytes({ EXIF(tiff: $0) }) { return exif }
    }
    return nil
  }

  /// XMP's `tiff:Orientation`, an attribute or an element, 1 to 8.
  static func orientation(_ text: [PNG.Text]) -> Int? {
    let packet = text.first { $0.key == "XML:com.adobe.xmp" }?.value
    let found = packet?.firstMatch(of: /tiff:Orientation(?:\s*=\s*["']|>)\s*([1-8])\b/)
    return found.flatMap { Int($0.1) }
  }

  /// The bytes of `\nname\n  length\nhex`, its lines broken anywhere.
  private static func rawProfile(_ text: String) -> [UInt8]? {
    let words = text.split(whereSeparator: \.isWhitespace)
    guard words.count > 2, let length = Int(words[1]) else { return nil }
    let digits = words[2...].joined().utf8.map(\.hexadecimal)
    guard length > 0, length <= digits.count / 2, digits.allSatisfy({ $0 != nil }) else { return nil }
    return (0..<length).map { (digits[2 * $0] ?? 0) << 4 | (digits[2 * $0 + 1] ?? 0) }
  }
}

extension UInt8 {
  /// The value of an ASCII hexadecimal digit.
  fileprivate var hexadecimal: UInt8? {
    switch self {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): self - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): self - UInt8(ascii: "a") + 10
    case UInt8(ascii: "A")...UInt8(ascii: "F"): self - UInt8(ascii: "A") + 10
    default: nil
    }
  }
}
