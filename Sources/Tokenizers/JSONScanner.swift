/// Reads JSON from front to back without building a tree: several times faster than a general
/// decoder on the long flat lists of tokenizer files.
struct JSONScanner {
  private let bytes: [UInt8]
  private var offset = 0
  private let path: String

  /// Values nested deeper than this are refused, so that no file can exhaust the stack.
  private static let maximumDepth = 64

  init(_ bytes: [UInt8], path: String) {
    self.bytes = bytes
    self.path = path
  }

  /// The next byte that is not white space, without taking it; nil at the end.
  mutating func peek() -> UInt8? {
    while offset < bytes.count {
      let byte = bytes[offset]
      guard byte == 0x20 || byte == 0x0a || byte == 0x0d || byte == 0x09 else { return byte }
      offset += 1
    }
    return nil
  }

  /// Takes the character if it comes next.
  mutating func take(_ character: Unicode.Scalar) -> Bool {
    guard let byte = peek(), UInt32(byte) == character.value else { return false }
    offset += 1
    return true
  }

  mutating func expect(_ character: Unicode.Scalar) throws(TokenizerError) {
    guard take(character) else { throw malformed("'\(character)'") }
  }

  /// Visits the members of an object; `body` must read each one's value.
  mutating func object(
    _ body: (inout JSONScanner, String) throws(TokenizerError) -> Void
  ) throws(TokenizerError) {
    try expect("{")
    if take("}") { return }
    repeat {
      let key = try string()
      try expect(":")
      try body(&self, key)
    } while take(",")
    guard take("}") else { throw malformed("',' or '}'") }
  }

  /// Visits the elements of an array; `body` must read each one.
  mutating func array(
    _ body: (inout JSONScanner) throws(TokenizerError) -> Void
  ) throws(TokenizerError) {
    try expect("[")
    if take("]") { return }
    repeat { try body(&self) } while take(",")
    guard take("]") else { throw malformed("',' or ']'") }
  }

  mutating func string() throws(TokenizerError) -> String {
    guard take("\"") else { throw malformed("a string") }
    let start = offset
    while offset < bytes.count {
      let byte = bytes[offset]
      if byte == 0x22 {
        let text = try text(of: bytes[start..<offset], at: start)
        offset += 1
        return text
      }
      if byte == 0x5c { return try escapedString(from: start) }
      guard byte >= 0x20 else { throw malformed("a string without control characters") }
      offset += 1
    }
    throw malformed("the end of a string")
  }

  /// A whole number that fits an id, ≥ 0.
  mutating func index() throws(TokenizerError) -> Int32 {
    guard let first = peek(), (0x30...0x39).contains(first) else {
      throw malformed("a whole number, 0 or more")
    }
    let start = offset
    var value = 0
    while offset < bytes.count, (0x30...0x39).contains(bytes[offset]) {
      value = value * 10 + Int(bytes[offset] - 0x30)
      offset += 1
      guard value <= Int32.max else { throw malformed("a number below 2^31", at: start) }
    }
    if offset < bytes.count, [0x2e, 0x45, 0x65].contains(bytes[offset]) {
      throw malformed("a whole number", at: start)
    }
    return Int32(value)
  }

  /// Passes over a value of any kind.
  mutating func skip(depth: Int = 0) throws(TokenizerError) {
    guard depth < Self.maximumDepth else {
      throw malformed("at most \(Self.maximumDepth) values within another")
    }
    switch peek() {
    case 0x7b:
      try object { (scanner, _) throws(TokenizerError) in try scanner.skip(depth: depth + 1) }
    case 0x5b:
      try array { (scanner) throws(TokenizerError) in try scanner.skip(depth: depth + 1) }
    case 0x22:
      _ = try string()
    default:
      // A number, true, false or null: their letters are not checked, as nobody reads them.
      let start = offset
      while offset < bytes.count, isWordByte(bytes[offset]) { offset += 1 }
      guard offset > start else { throw malformed("a value") }
    }
  }

  /// Checks that nothing but white space is left.
  mutating func end() throws(TokenizerError) {
    guard peek() == nil else { throw malformed("the end of the file") }
  }

  private func isWordByte(_ byte: UInt8) -> Bool {
    switch byte {
    case 0x30...0x39, 0x41...0x5a, 0x61...0x7a, 0x2b, 0x2d, 0x2e: true
    default: false
    }
  }

  private func text(of part: ArraySlice<UInt8>, at start: Int) throws(TokenizerError) -> String {
    guard let text = String(validating: part, as: UTF8.self) else {
      throw malformed("UTF-8 text", at: start)
    }
    return text
  }

  /// The slow road, for strings with a backslash in them.
  private mutating func escapedString(from start: Int) throws(TokenizerError) -> String {
    var text = Array(bytes[start..<offset])
    while offset < bytes.count {
      let byte = bytes[offset]
      offset += 1
      switch byte {
      case 0x22: return try self.text(of: text[...], at: start)
      case 0x5c: text.append(contentsOf: try escape())
      case 0..<0x20:
        throw malformed("a string without control characters", at: offset - 1)
      default: text.append(byte)
      }
    }
    throw malformed("the end of a string")
  }

  /// The UTF-8 bytes of what follows a backslash.
  private mutating func escape() throws(TokenizerError) -> [UInt8] {
    guard offset < bytes.count else { throw malformed("an escape") }
    let letter = bytes[offset]
    offset += 1
    switch letter {
    case 0x22, 0x5c, 0x2f: return [letter]
    case 0x62: return [0x08]
    case 0x66: return [0x0c]
    case 0x6e: return [0x0a]
    case 0x72: return [0x0d]
    case 0x74: return [0x09]
    case 0x75:
      var value = try hexadecimal()
      if (0xd800..<0xdc00).contains(value), offset + 1 < bytes.count, bytes[offset] == 0x5c,
        bytes[offset + 1] == 0x75
      {
        offset += 2
        let low = try hexadecimal()
        guard (0xdc00..<0xe000).contains(low) else { throw malformed("a low surrogate") }
        value = 0x10000 + (value - 0xd800) << 10 + (low - 0xdc00)
      }
      guard let scalar = Unicode.Scalar(value) else { throw malformed("a pair of surrogates") }
      return Array(String(scalar).utf8)
    default:
      throw malformed("an escape", at: offset - 1)
    }
  }

  private mutating func hexadecimal() throws(TokenizerError) -> UInt32 {
    guard offset + 4 <= bytes.count,
      let digits = String(validating: bytes[offset..<(offset + 4)], as: UTF8.self),
      digits.allSatisfy(\.isHexDigit), let value = UInt32(digits, radix: 16)
    else { throw malformed("four hexadecimal digits") }
    offset += 4
    return value
  }

  private func malformed(_ expected: String, at place: Int? = nil) -> TokenizerError {
    let place = place ?? offset
    let found =
      place < bytes.count
      ? String(decoding: bytes[place..<min(place + 12, bytes.count)], as: UTF8.self)
        .debugDescription
      : "the end of the file"
    return .malformedJSON(path: path, offset: place, expected: expected, found: found)
  }
}
