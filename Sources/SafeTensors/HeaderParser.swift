/// Reads the JSON header of a safetensors file: an object of objects with three known keys, and nothing else.
///
/// A scanner of its own, because headers of large models have thousands of entries, and because everything
/// that is not exactly this shape has to be an error anyway.
struct HeaderParser {
  struct RawTensor {
    var name = ""
    var type = ""
    var shape: [Int] = []
    var begin = -1
    var end = -1
  }

  private let bytes: UnsafeRawBufferPointer
  private let path: String
  private var position = 0

  init(_ bytes: UnsafeRawBufferPointer, path: String) {
    self.bytes = bytes
    self.path = path
  }

  mutating func parse() throws(CheckpointError) -> ([RawTensor], [String: String]) {
    var tensors: [RawTensor] = []
    var metadata: [String: String] = [:]
    try expect(UInt8(ascii: "{"))
    if peek() == UInt8(ascii: "}") {
      position += 1
    } else {
      while true {
        let name = try string()
        try expect(UInt8(ascii: ":"))
        if name == "__metadata__" {
          metadata = try stringMap()
        } else {
          tensors.append(try tensor(name))
        }
        if try separator() { break }
      }
    }
    skipSpace()
    guard position == bytes.count else { throw fail("text after the closing brace") }
    return (tensors, metadata)
  }

  private mutating func tensor(_ name: String) throws(CheckpointError) -> RawTensor {
    var tensor = RawTensor(name: name)
    var seen: Set<String> = []
    try expect(UInt8(ascii: "{"))
    while true {
      let key = try string()
      guard seen.insert(key).inserted else { throw fail("\(name) has \(key) twice") }
      try expect(UInt8(ascii: ":"))
      switch key {
      case "dtype": tensor.type = try string()
      case "shape": tensor.shape = try integers()
      case "data_offsets":
        let offsets = try integers()
        guard offsets.count == 2 else { throw fail("\(name) has \(offsets.count) data offsets") }
        (tensor.begin, tensor.end) = (offsets[0], offsets[1])
      default: throw fail("\(name) has an unknown key \(key)")
      }
      if try separator() { break }
    }
    guard seen.count == 3 else { throw fail("\(name) lacks dtype, shape or data_offsets") }
    return tensor
  }

  private mutating func stringMap() throws(CheckpointError) -> [String: String] {
    var map: [String: String] = [:]
    try expect(UInt8(ascii: "{"))
    if peek() == UInt8(ascii: "}") {
      position += 1
      return map
    }
    while true {
      let key = try string()
      try expect(UInt8(ascii: ":"))
      map[key] = try string()
      if try separator() { return map }
    }
  }

  private mutating func integers() throws(CheckpointError) -> [Int] {
    var values: [Int] = []
    try expect(UInt8(ascii: "["))
    if peek() == UInt8(ascii: "]") {
      position += 1
      return values
    }
    while true {
      skipSpace()
      var (value, digits) = (0, 0)
      while let c = byte, c >= 48, c <= 57 {
        guard digits < 18 else { throw fail("a number of more than 18 digits") }
        value = value * 10 + Int(c - 48)
        digits += 1
        position += 1
      }
      guard digits > 0 else { throw fail("something that is not a whole number in a list") }
      values.append(value)
      skipSpace()
      switch byte {
      case UInt8(ascii: ","): position += 1
      case UInt8(ascii: "]"):
        position += 1
        return values
      default: throw fail("a list that does not end")
      }
    }
  }

  /// After a value: true at the closing brace, false at a comma.
  private mutating func separator() throws(CheckpointError) -> Bool {
    skipSpace()
    defer { position += 1 }
    switch byte {
    case UInt8(ascii: "}"): return true
    case UInt8(ascii: ","): return false
    default: throw fail("a missing comma or brace")
    }
  }

  private mutating func string() throws(CheckpointError) -> String {
    try expect(UInt8(ascii: "\""))
    let start = position
    var escaped = false
    while let c = byte, c != UInt8(ascii: "\"") {
      guard c >= 0x20 else { throw fail("a control character in a string") }
      if c == UInt8(ascii: "\\") {
        escaped = true
        position += 1
      }
      position += 1
    }
    guard position < bytes.count else { throw fail("a string that does not end") }
    let body = bytes[start..<position]
    position += 1
    guard let text = String(validating: body, as: UTF8.self) else { throw fail("text that is not UTF-8") }
    return escaped ? try unescaped(text) : text
  }

  private func unescaped(_ text: String) throws(CheckpointError) -> String {
    var units: [UInt16] = []
    var rest = Array(text.utf16)[...]
    while let unit = rest.popFirst() {
      guard unit == UInt16(UInt8(ascii: "\\")) else {
        units.append(unit)
        continue
      }
      guard let code = rest.popFirst() else { throw fail("an escape that does not end") }
      switch UnicodeScalar(code) {
      case "\"", "\\", "/": units.append(code)
      case "b": units.append(8)
      case "f": units.append(12)
      case "n": units.append(10)
      case "r": units.append(13)
      case "t": units.append(9)
      case "u":
        let digits = String(decoding: rest.prefix(4), as: UTF16.self)
        guard digits.count == 4, let value = UInt16(digits, radix: 16) else {
          throw fail("a broken \\u escape")
        }
        units.append(value)
        rest = rest.dropFirst(4)
      default: throw fail("an unknown escape")
      }
    }
    return String(decoding: units, as: UTF16.self)
  }

  private var byte: UInt8? { position < bytes.count ? bytes[position] : nil }

  private mutating func peek() -> UInt8? {
    skipSpace()
    return byte
  }

  private mutating func skipSpace() {
    while let c = byte, c == 0x20 || c == 0x0a || c == 0x0d || c == 0x09 { position += 1 }
  }

  private mutating func expect(_ c: UInt8) throws(CheckpointError) {
    skipSpace()
    guard byte == c else { throw fail("expected \(Character(UnicodeScalar(c))) at byte \(position)") }
    position += 1
  }

  private func fail(_ reason: String) -> CheckpointError { .badHeader(path: path, reason: reason) }
}
