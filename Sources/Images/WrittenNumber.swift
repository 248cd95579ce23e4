/// Numbers as people and programs write them: ` 20 `, `20.0`, `+5`, `1e1`, and with a printed minus sign.
///
/// Only digits 0 to 9, one decimal point and a power of ten are read: no hexadecimal, no "inf", no separators.
public enum WrittenNumber {
  /// The value of a decimal number; nil for anything else, and for one beyond a double's range.
  public static func decimal(_ text: some StringProtocol) -> Double? {
    guard let parts = Parts(text), let value = Double(parts.normalized), value.isFinite else { return nil }
    return value
  }

  /// The value of a whole number, exact to the last digit; nil for anything else.
  public static func whole(_ text: some StringProtocol) -> Int? {
    guard let parts = Parts(text), let magnitude = parts.magnitude else { return nil }
    if parts.isNegative { return magnitude <= UInt64(Int.max) ? -Int(magnitude) : nil }
    return Int(exactly: magnitude)
  }

  /// The value of a whole number that is not negative, such as a seed; nil for anything else.
  public static func unsigned(_ text: some StringProtocol) -> UInt64? {
    guard let parts = Parts(text), let magnitude = parts.magnitude, !parts.isNegative || magnitude == 0 else {
      return nil
    }
    return magnitude
  }

  /// What to write in place of a text that is no number because of a decimal comma; "" for others.
  public static func advice(_ text: some StringProtocol) -> String {
    let pointed = String(text.map { $0 == "," ? "." : $0 })
    guard text.contains(","), decimal(pointed) != nil else { return "" }
    return "; write \(pointed.filter { !$0.isWhitespace }) with a point"
  }

  /// A number taken apart.
  private struct Parts {
    var isNegative = false
    var whole = ""
    var fraction = ""
    var exponent = ""

    init?(_ text: some StringProtocol) {
      let scalars = text.unicodeScalars
      let start = scalars.drop { $0.properties.isWhitespace }
      guard let last = start.lastIndex(where: { !$0.properties.isWhitespace }) else { return nil }
      var rest = start[...last]
      guard rest.count <= 400 else { return nil }
      func digits() -> String {
        let run = rest.prefix { ("0"..."9").contains($0) }
        rest = rest[run.endIndex...]
        return String(String.UnicodeScalarView(run))
      }
      func take(_ wanted: Unicode.Scalar...) -> Bool {
        guard let first = rest.first, wanted.contains(first) else { return false }
        rest.removeFirst()
        return true
      }
      isNegative = take("-", "\u{2212}")
      if !isNegative { _ = take("+") }
      whole = digits()
      if take(".") { fraction = digits() }
      guard !whole.isEmpty || !fraction.isEmpty else { return nil }
      if take("e", "E") {
        let sign = take("-", "\u{2212}") ? "-" : ""
        if sign.isEmpty { _ = take("+") }
        let power = digits()
        guard !power.isEmpty else { return nil }
        exponent = sign + power
      }
      guard rest.isEmpty else { return nil }
    }

    /// As `Double` reads it.
    var normalized: String {
      "\(isNegative ? "-" : "")0\(whole).\(fraction)0\(exponent.isEmpty ? "" : "e\(exponent)")"
    }

    /// The value without its sign, if it is whole and fits.
    var magnitude: UInt64? {
      var digits = Substring(whole + fraction)
      guard digits.contains(where: { $0 != "0" }) else { return 0 }
      guard var shift = exponent.isEmpty ? 0 : Int(exponent), abs(shift) <= 1000 else { return nil }
      shift -= fraction.count
      while shift < 0, digits.last == "0" {
        digits.removeLast()
        shift += 1
      }
      digits = digits.drop { $0 == "0" }
      guard shift >= 0, digits.count + shift <= 20 else { return nil }
      return UInt64(digits + String(repeating: "0", count: shift))
    }
  }
}
