import Foundation

/// Values as JSON strings where a line of settings could not hold them plainly.
enum InfotextQuoting {
  /// Quotes a value with a comma, line break or colon, as A1111 does; and one that reading would
  /// alter.
  static func quote(_ value: String) -> String {
    let scalars = value.unicodeScalars
    let isFragile =
      scalars.first == "\"" || scalars.first?.properties.isWhitespace == true
      || scalars.last?.properties.isWhitespace == true
    guard isFragile || scalars.contains(where: { $0 == "," || $0 == ":" || $0.value < 0x20 }) else {
      return value
    }
    return "\"" + scalars.map(escaped).joined() + "\""
  }

  /// The value of a JSON string; other text as it is.
  static func unquote(_ value: String) -> String {
    guard value.hasPrefix("\""), value.hasSuffix("\"") else { return value }
    let decode = { (text: String) in try? JSONDecoder().decode(String.self, from: Data(text.utf8)) }
    if let text = decode(value) { return text }
    // Some programs leave line breaks in their quotes as they are.
    guard value.unicodeScalars.contains("\n") else { return value }
    return decode(value.replacing("\r", with: "\\r").replacing("\n", with: "\\n")) ?? value
  }

  private static func escaped(_ scalar: Unicode.Scalar) -> String {
    switch scalar {
    case "\"": return "\\\""
    case "\\": return "\\\\"
    case "\n": return "\\n"
    case "\r": return "\\r"
    case "\t": return "\\t"
    default:
      guard scalar.value < 0x20 else { return String(scalar) }
      let digits = String(scalar.value, radix: 16)
      return "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
    }
  }
}
