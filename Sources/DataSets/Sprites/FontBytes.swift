/// A font's bytes, read with every offset checked.
struct FontBytes {
  private let bytes: ArraySlice<UInt8>

  init(_ bytes: ArraySlice<UInt8>) { self.bytes = bytes }

  var count: Int { bytes.count }

  private func number(_ position: Int, _ count: Int) throws -> Int {
    guard position >= 0, position <= bytes.count - count else {
      throw Fault.damaged("an offset in it points outside")
    }
    let start = bytes.startIndex + position
    return bytes[start..<(start + count)].reduce(0) { $0 << 8 | Int($1) }
  }

  func u8(_ position: Int) throws -> Int { try number(position, 1) }
  func u16(_ position: Int) throws -> Int { try number(position, 2) }
  func u32(_ position: Int) throws -> Int { try number(position, 4) }

  /// What starts at an offset and goes on to the end, or for `count` bytes.
  func part(_ position: Int, _ count: Int? = nil) throws -> FontBytes {
    let count = count ?? self.count - position
    guard position >= 0, count >= 0, position <= self.count - count else {
      throw Fault.damaged("an offset in it points outside")
    }
    let start = bytes.startIndex + position
    return FontBytes(bytes[start..<(start + count)])
  }

  /// All of it.
  var all: [UInt8] { Array(bytes) }
}
