import Foundation

/// One value of one column.
package enum ParquetValue: Equatable {
  case null
  case bool(Bool)
  case int(Int64)
  case double(Double)
  case bytes([UInt8])

  /// The value as a column of a row; nil where bytes are no text.
  package func json(of column: ParquetColumn) -> JSONValue? {
    switch self {
    case .null: return .null
    case .bool(let value): return .bool(value)
    case .int(let value):
      guard column.isDate else { return .int(value) }
      let date = Date(timeIntervalSince1970: Double(value) * 86400)
      return .text(date.formatted(.iso8601.year().month().day()))
    case .double(let value): return .double(value)
    case .bytes(let bytes):
      if column.isText { return .text(String(decoding: bytes, as: UTF8.self)) }
      return String(validating: bytes, as: UTF8.self).map { .text($0) }
    }
  }
}

/// Values of a page or a dictionary, one after the other in Parquet's plain encoding.
struct PlainValues {
  private let bytes: [UInt8]
  private let column: ParquetColumn
  private var position: Int
  private var bit = 0

  /// - Parameter start: the first value's first byte.
  init(_ bytes: [UInt8], from start: Int, of column: ParquetColumn) {
    self.bytes = bytes
    self.column = column
    position = start
  }

  /// Takes `count` bytes.
  private mutating func take(_ count: Int) throws -> ArraySlice<UInt8> {
    guard count >= 0, count <= bytes.count - position else { throw Fault.damaged("a page's values end early") }
    defer { position += count }
    return bytes[position..<(position + count)]
  }

  private mutating func integer(_ count: Int) throws -> UInt64 {
    let taken = try take(count)
    return taken.reversed().reduce(0) { $0 << 8 | UInt64($1) }
  }

  /// Passes over the next value.
  mutating func skip() throws {
    if column.type == .byteArray {
      _ = try take(Int(try integer(4)))
    } else {
      _ = try next()
    }
  }

  /// The next value.
  mutating func next() throws -> ParquetValue {
    switch column.type {
    case .boolean:
      guard position < bytes.count else { throw Fault.damaged("a page's values end early") }
      let value = bytes[position] >> bit & 1
      bit += 1
      if bit == 8 { (bit, position) = (0, position + 1) }
      return .bool(value == 1)
    case .int32: return .int(Int64(Int32(truncatingIfNeeded: try integer(4))))
    case .int64: return .int(Int64(bitPattern: try integer(8)))
    case .float: return .double(Double(Float(bitPattern: UInt32(try integer(4)))))
    case .double: return .double(Double(bitPattern: try integer(8)))
    case .int96: return .bytes(Array(try take(12)))
    case .byteArray: return .bytes(Array(try take(Int(try integer(4)))))
    case .fixedLengthByteArray: return .bytes(Array(try take(column.fixedLength)))
    }
  }
}
