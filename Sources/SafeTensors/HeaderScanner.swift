/// Reads the words of a JSON text: punctuation, strings and numbers.
///
/// Strict where JSON readers tend to be lenient: no unknown escapes, lone surrogates, control
/// characters, leading zeros or invalid UTF-8; `integer` takes no fractions.
package struct HeaderScanner {
  private let bytes: UnsafeRawBufferPointer
  private let path: String
  /// What the text is called in messages; nil for the header of a safetensors file.
  private let name: String?
  /// Offset of the next byte, from the start of the text.
  private(set) package var position = 0

  /// - Parameters:
  ///   - bytes: must outlive the scanner.
  ///   - path: for messages.
  ///   - name: what the text is called in messages, if not the header of a safetensors file.
  package init(_ bytes: UnsafeRawBufferPointer, path: String, name: String? = nil) {
    self.bytes = bytes
    self.path = path
    self.name = name
  }

  package var isAtEnd: Bool { position == bytes.count }
  private var byte: UInt8? { position < bytes.count ? bytes[position] : nil }

  package func failure(_ reason: String) -> CheckpointError {
    name.map { .damaged(path: path, format: $0, reason: reason) } ?? .badHeader(path: path, reason: reason)
  }

  /// The next byte that is not white space, without taking it; nil at the end.
  package mutating func peek() -> UInt8? {
    skipSpace()
    return byte
  }

  /// Consumes what may stand in a number or a name such as `true`: letters, digits, signs and points.
  package mutating func word() throws(CheckpointError) -> String {
    skipSpace()
    let start = position
    while let c = byte, c < 0x80,
      Character(Unicode.Scalar(c)).isLetter || (0x30...0x39).contains(c) || [0x2b, 0x2d, 0x2e].contains(c)
    {
      position += 1
    }
    guard position > start else { throw failure("expected a value at byte \(start)") }
    return String(decoding: bytes[start..<position], as: UTF8.self)
  }

  /// Skips JSON's white space.
  package mutating func skipSpace() {
    while let c = byte, c == 0x20 || c == 0x0a || c == 0x0d || c == 0x09 { position += 1 }
  }

  /// Consumes one character of punctuation if it comes next.
  package mutating func accept(_ character: Unicode.Scalar) -> Bool {
    skipSpace()
    guard byte == UInt8(ascii: character) else { return false }
    position += 1
    return true
  }

  /// Consumes one character of punctuation.
  package mutating func expect(_ character: Unicode.Scalar) throws(CheckpointError) {
    guard accept(character) else {
      throw failure("expected \"\(character)\" at byte \(position)")
    }
  }

  /// After a value in a list or object: true if it ends, false if another value must follow.
  package mutating func isLast(_ closing: Unicode.Scalar) throws(CheckpointError) -> Bool {
    if accept(",") { return false }
    if accept(closing) { return true }
    throw failure("expected \",\" or \"\(closing)\" at byte \(position)")
  }

  /// Consumes a whole number, which may be negative.
  package mutating func integer() throws(CheckpointError) -> Int {
    skipSpace()
    let start = position
    let isNegative = byte == UInt8(ascii: "-")
    if isNegative { position += 1 }
    var (value, digits) = (0, 0)
    while let c = byte, c >= 0x30, c <= 0x39 {
      // 18 digits cannot overflow 64 bits, and no file is that long.
      guard digits < 18 else { throw failure("the number at byte \(start) is too large") }
      value = value * 10 + Int(c - 0x30)
      digits += 1
      position += 1
    }
    let isPadded = digits > 1 && bytes[position - digits] == 0x30
    // "1.5" and "1e3" end here in the middle of a number.
    let goesOn = byte.map {
      [UInt8(ascii: "."), UInt8(ascii: "e"), UInt8(ascii: "E")].contains($0)
    }
    guard digits > 0, !isPadded, goesOn != true else {
      throw failure("no whole number at byte \(start)")
    }
    return isNegative ? -value : value
  }

  /// Consumes a string with its quotes and resolves its escapes.
  package mutating func string() throws(CheckpointError) -> String {
    try expect("\"")
    let start = position
    var isEscaped = false
    while let c = byte, c != UInt8(ascii: "\"") {
      guard c >= 0x20 else { throw failure("a control character at byte \(position)") }
      if c == UInt8(ascii: "\\") {
        isEscaped = true
        position += 1
      }
      position += 1
    }
    guard position < bytes.count else {
      throw failure("the string at byte \(start - 1) does not end")
    }
    let body = UnsafeRawBufferPointer(rebasing: bytes[start..<position])
    position += 1
    guard let text = String(validating: body, as: UTF8.self) else {
      throw failure("the string at byte \(start - 1) is not UTF-8")
    }
    guard isEscaped else { return text }
    guard let resolved = Self.resolvingEscapes(in: text) else {
      throw failure("the string at byte \(start - 1) has a broken escape")
    }
    return resolved
  }

  /// The text without backslashes, or nil if an escape is unknown, cut short or half a character.
  private static func resolvingEscapes(in text: String) -> String? {
    var units: [UInt16] = []
    var rest = Array(text.utf16)[...]
    while let unit = rest.popFirst() {
      guard unit == UInt16(UInt8(ascii: "\\")) else {
        units.append(unit)
        continue
      }
      guard let code = rest.popFirst() else { return nil }
      switch Unicode.Scalar(code) {
      case "\"", "\\", "/": units.append(code)
      case "b": units.append(0x08)
      case "f": units.append(0x0c)
      case "n": units.append(0x0a)
      case "r": units.append(0x0d)
      case "t": units.append(0x09)
      case "u":
        let digits = rest.prefix(4).compactMap { Unicode.Scalar($0).flatMap { hexDigit($0) } }
        guard digits.count == 4 else { return nil }
        units.append(digits.reduce(0) { $0 << 4 | $1 })
        rest = rest.dropFirst(4)
      default: return nil
      }
    }
    return String(validating: units, as: UTF16.self)
  }

  private static func hexDigit(_ scalar: Unicode.Scalar) -> UInt16? {
    Character(scalar).isASCII ? Character(scalar).hexDigitValue.map(UInt16.init) : nil
  }
}
