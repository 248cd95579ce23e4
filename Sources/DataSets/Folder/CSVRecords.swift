import Files
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
      var row = CommaSeparatedRow()
      var (line, length) = (first, 0)
      if first.bytes.isEmpty { continue }
      while true {
        guard row.take(TextBytes.decode(line.bytes).text, line: line.number) else {
          throw damaged(
            "line \(row.quoteLine) opens a quotation mark that is closed in the middle of line \(line.number)")
        }
        length = line.offset + line.bytes.count - first.offset
        if let fields = row.fields {
          return Record(fields: fields, offset: first.offset, length: length, line: first.number)
        }
        // A line break inside quotes belongs to the field.
        guard length < 1 << 24, let more = try lines.next() else {
          throw damaged("line \(row.quoteLine) opens a quotation mark that is never closed")
        }
        line = more
      }
    }
    return nil
  }

  private func damaged(_ reason: String) -> DataSetError { .damaged(path: path, format: "CSV", reason: reason) }

  /// Splits a row.
  static func fields(_ row: [UInt8]) -> [String] {
    var reader = CommaSeparatedRow()
    let lines = row.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
    for (index, line) in lines.enumerated() {
      let text = line.last == UInt8(ascii: "\r") ? line.dropLast() : line
      guard reader.take(TextBytes.decode(text).text, line: index) else { return [] }
      if let fields = reader.fields { return fields }
    }
    return []
  }
}
