import Foundation

/// Rows of comma-separated values with quoting (RFC 4180), one in memory at a time.
struct CSVRecords {
  /// One row.
  struct Record {
    let fields: [String]
    /// Where its text starts in the file, and how long it is.
    let offset: Int
    let length: Int
    /// The line it starts on, counted from 1.
    let line: Int
  }

  private var lines: LineReader
  private let path: String

  init(_ url: URL) throws {
    lines = try LineReader(url)
    path = url.path
  }

  /// The next row that is not empty, nil after the last.
  mutating func next() throws -> Record? {
    while let first = try lines.next() {
      var bytes = first.bytes
      var end = first.offset + first.bytes.count
      // A line break inside quotes belongs to the field.
      while bytes.count(where: { $0 == UInt8(ascii: "\"") }) % 2 == 1 {
        guard bytes.count < 1 << 24, let more = try lines.next() else {
          throw DataSetError.damaged(
            path: path, format: "CSV", reason: "line \(first.number) opens a quotation mark that is never closed")
        }
        bytes += [UInt8(ascii: "\n")] + more.bytes
        end = more.offset + more.bytes.count
      }
      if first.number == 1, bytes.starts(with: [0xef, 0xbb, 0xbf]) { bytes.removeFirst(3) }
      if bytes.isEmpty { continue }
      return Record(
        fields: Self.fields(bytes), offset: first.offset, length: end - first.offset, line: first.number)
    }
    return nil
  }

  /// Splits a row.
  static func fields(_ row: [UInt8]) -> [String] {
    var fields: [String] = []
    var (field, quoted) = ([UInt8](), false)
    var position = 0
    while position < row.count {
      let byte = row[position]
      position += 1
      switch byte {
      case UInt8(ascii: "\""):
        if quoted, position < row.count, row[position] == byte {
          field.append(byte)
          position += 1
        } else {
          quoted.toggle()
        }
      case UInt8(ascii: ",") where !quoted:
        fields.append(TextBytes.decode(field).text)
        field = []
      case UInt8(ascii: "\r") where quoted && position < row.count && row[position] == UInt8(ascii: "\n"): break
      default: field.append(byte)
      }
    }
    return fields + [TextBytes.decode(field).text]
  }
}
