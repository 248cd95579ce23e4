/// Reads values of Thrift's compact protocol, which Parquet's footers and page headers are written in.
///
/// Every length is checked against what is left, so a hostile file costs no more than its size.
/// Source: apache/thrift doc/specs/thrift-compact-protocol.md.
struct ThriftReader {
  /// How a field is stored.
  enum Kind: UInt8 {
    case yes = 1
    case no = 2
    case byte = 3
    case i16 = 4
    case i32 = 5
    case i64 = 6
    case double = 7
    case binary = 8
    case list = 9
    case set = 10
    case map = 11
    case structure = 12
  }

  private let bytes: [UInt8]
  /// Bytes read so far.
  private(set) var position: Int
  private static let deepest = 24

  init(_ bytes: [UInt8], at position: Int = 0) {
    self.bytes = bytes
    self.position = position
  }

  private var left: Int { bytes.count - position }

  private mutating func byte() throws -> UInt8 {
    guard position < bytes.count else { throw Fault.damaged("its description ends early") }
    defer { position += 1 }
    return bytes[position]
  }

  private mutating func unsigned() throws -> UInt64 {
    var value: UInt64 = 0
    for shift in stride(from: 0, to: 64, by: 7) {
      let next = try byte()
      value |= UInt64(next & 0x7f) << UInt64(shift)
      if next & 0x80 == 0 { return value }
    }
    throw Fault.damaged("a number in its description is too long")
  }

  /// A zigzag integer of 16, 32 or 64 bits.
  mutating func integer() throws -> Int {
    let value = try unsigned()
    return Int(truncatingIfNeeded: value >> 1) ^ -Int(truncatingIfNeeded: value & 1)
  }

  /// Bytes with their length in front.
  mutating func binary() throws -> ArraySlice<UInt8> {
    let count = try unsigned()
    guard count <= UInt64(left) else { throw Fault.damaged("a text in its description is longer than the rest") }
    defer { position += Int(count) }
    return bytes[position..<(position + Int(count))]
  }

  mutating func text() throws -> String { String(decoding: try binary(), as: UTF8.self) }

  /// A list; `element` reads one member.
  mutating func list<Element>(
    of kind: Kind, _ element: (inout ThriftReader) throws -> Element
  ) throws -> [Element] {
    let (count, found) = try listHead()
    guard count == 0 || found == kind else { throw Fault.damaged("a list in its description is of another kind") }
    var out: [Element] = []
    for _ in 0..<count { out.append(try element(&self)) }
    return out
  }

  private mutating func listHead() throws -> (count: Int, kind: Kind) {
    let head = try byte()
    let count = head >> 4 == 15 ? try unsigned() : UInt64(head >> 4)
    // A member takes a byte or more.
    guard count <= UInt64(left) else { throw Fault.damaged("a list in its description is longer than the rest") }
    guard let kind = Kind(rawValue: head & 15) else { throw Fault.damaged("its description holds an unknown type") }
    return (Int(count), kind)
  }

  /// A structure; `field` reads the value of a field it knows and returns true.
  mutating func structure(_ field: (inout ThriftReader, Int, Kind) throws -> Bool) throws {
    var id = 0
    while true {
      let head = try byte()
      if head == 0 { return }
      guard let kind = Kind(rawValue: head & 15) else { throw Fault.damaged("its description holds an unknown type") }
      id = head >> 4 == 0 ? try integer() : id + Int(head >> 4)
      guard (0...Int(Int16.max)).contains(id) else { throw Fault.damaged("a field's number is out of range") }
      if try !field(&self, id, kind) { try skip(kind, depth: 0) }
    }
  }

  private mutating func skip(_ kind: Kind, depth: Int) throws {
    guard depth < Self.deepest else { throw Fault.damaged("its description is nested too deeply") }
    switch kind {
    case .yes, .no: break
    case .byte: _ = try byte()
    case .i16, .i32, .i64: _ = try unsigned()
    case .double: for _ in 0..<8 { _ = try byte() }
    case .binary: _ = try binary()
    case .list, .set:
      let (count, kind) = try listHead()
      for _ in 0..<count { try skipMember(kind, depth: depth + 1) }
    case .map:
      let count = try unsigned()
      guard count <= UInt64(left) else { throw Fault.damaged("a map in its description is longer than the rest") }
      if count == 0 { return }
      let kinds = try byte()
      guard let key = Kind(rawValue: kinds >> 4), let value = Kind(rawValue: kinds & 15) else {
        throw Fault.damaged("its description holds an unknown type")
      }
      for _ in 0..<count {
        try skipMember(key, depth: depth + 1)
        try skipMember(value, depth: depth + 1)
      }
    case .structure:
      try structure { reader, _, kind in
        try reader.skip(kind, depth: depth + 1)
        return true
      }
    }
  }

  /// Truth values take a byte in collections and none in fields.
  private mutating func skipMember(_ kind: Kind, depth: Int) throws {
    if kind == .yes || kind == .no {
      _ = try byte()
    } else {
      try skip(kind, depth: depth)
    }
  }
}
