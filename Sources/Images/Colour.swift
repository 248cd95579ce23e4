/// A plain opaque colour in the display's (sRGB) encoding.
public struct Colour: Sendable, Equatable, CustomStringConvertible {
  public let red, green, blue: UInt8

  public init(red: UInt8, green: UInt8, blue: UInt8) { (self.red, self.green, self.blue) = (red, green, blue) }

  public static let white = Colour(red: 255, green: 255, blue: 255)

  /// The names of HTML 4, and some more of CSS.
  private static let named: [String: UInt32] = [
    "white": 0xffffff, "silver": 0xc0c0c0, "gray": 0x808080, "grey": 0x808080, "black": 0x000000, "red": 0xff0000,
    "maroon": 0x800000, "yellow": 0xffff00, "olive": 0x808000, "lime": 0x00ff00, "green": 0x008000, "aqua": 0x00ffff,
    "cyan": 0x00ffff, "teal": 0x008080, "blue": 0x0000ff, "navy": 0x000080, "fuchsia": 0xff00ff, "magenta": 0xff00ff,
    "purple": 0x800080, "orange": 0xffa500, "pink": 0xffc0cb, "brown": 0xa52a2a, "beige": 0xf5f5dc, "gold": 0xffd700,
    "violet": 0xee82ee, "indigo": 0x4b0082, "tan": 0xd2b48c, "skyblue": 0x87ceeb, "lightgray": 0xd3d3d3,
    "lightgrey": 0xd3d3d3, "darkgray": 0xa9a9a9, "darkgrey": 0xa9a9a9,
  ]

  /// Reads a colour's name in CSS, `#rrggbb` or `#rgb`, whatever its case; nil for no colour.
  public init?(_ text: String) {
    let text = text.lowercased()
    let value: UInt32
    if let known = Self.named[text.filter { $0 != " " }] {
      value = known
    } else {
      let digits = Array(text.hasPrefix("#") ? text.dropFirst() : text[...])
      guard text.hasPrefix("#"), [3, 6].contains(digits.count), digits.allSatisfy({ $0.isASCII && $0.isHexDigit }),
        let number = UInt32(String(digits.count == 6 ? digits : digits.flatMap { [$0, $0] }), radix: 16)
      else { return nil }
      value = number
    }
    self.init(
      red: UInt8(value >> 16), green: UInt8(value >> 8 & 255), blue: UInt8(value & 255))
  }

  /// `#rrggbb`.
  public var description: String {
    "#" + [red, green, blue].map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
  }
}
