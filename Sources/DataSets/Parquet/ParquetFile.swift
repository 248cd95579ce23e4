import Foundation

/// A Parquet file: rows of a table, column by column.
///
/// What pictures are published as is read: flat columns and structures, with nulls, plain or with dictionaries, in
/// pages of both versions, uncompressed or packed with Snappy, gzip or Zstandard. Anything else is refused by name.
/// Source: apache/parquet-format README.md and parquet.thrift.
package final class ParquetFile {
  let path: String
  private let file: RandomAccessFile
  let footer: ParquetFooter

  package var columns: [ParquetColumn] { footer.columns }
  package var rows: Int { footer.rows }

  /// Reads the footer.
  package init(_ url: URL) throws(DataSetError) {
    path = url.path
    let opened = try RandomAccessFile(url)
    file = opened
    footer = try Self.naming(url.path) {
      guard opened.count >= 12 else { throw Fault.damaged("it is shorter than any Parquet file") }
      let tail = try opened.read(at: opened.count - 8, count: 8)
      let magic = String(decoding: tail[4...], as: UTF8.self)
      if magic == "PARE" { throw Fault.unsupported("is an encrypted Parquet file, which is not read") }
      guard magic == "PAR1" else { throw Fault.damaged("it does not end as Parquet files do") }
      let size = (0..<4).reduce(0) { $0 | Int(tail[$1]) << (8 * $1) }
      guard size <= opened.count - 12 else { throw Fault.damaged("its description is longer than the file") }
      return try ParquetFooter(
        try opened.read(at: opened.count - 8 - size, count: size), fileSize: opened.count - 8 - size)
    }
  }

  /// Runs a reader; what it finds wrong gets the file's name.
  static func naming<Value>(_ path: String, _ body: () throws -> Value) throws(DataSetError) -> Value {
    do {
      return try body()
    } catch let error as DataSetError {
      throw error
    } catch let error as Fault {
      throw error.inFile(path, format: "Parquet")
    } catch {
      throw .unreadable(path: path, reason: "\(error)")
    }
  }

  /// Rows of some columns, from the first on.
  /// - Parameter columns: places in the schema.
  package func rows(of columns: [Int]) throws(DataSetError) -> ParquetRows {
    try Self.naming(path) {
      ParquetRows(
        path: path, count: rows, readers: try columns.map { try ParquetColumnReader(file, footer, column: $0) })
    }
  }
}

/// Some columns of a file, row by row.
package struct ParquetRows {
  let path: String
  /// Rows in all.
  let count: Int
  fileprivate(set) var readers: [ParquetColumnReader]
  private var row = 0

  fileprivate init(path: String, count: Int, readers: [ParquetColumnReader]) {
    (self.path, self.count, self.readers) = (path, count, readers)
  }

  /// Rows not yet read.
  var left: Int { count - row }

  /// The next row, nil after the last.
  package mutating func next() throws(DataSetError) -> [ParquetValue]? {
    guard row < count else { return nil }
    row += 1
    var readers = self.readers
    self.readers = []
    defer { self.readers = readers }
    return try ParquetFile.naming(path) { try readers.indices.map { try readers[$0].next() } }
  }

  /// Passes over up to `count` rows.
  mutating func skip(_ count: Int) throws(DataSetError) {
    let passed = min(count, left)
    row += passed
    var readers = self.readers
    self.readers = []
    defer { self.readers = readers }
    try ParquetFile.naming(path) { for index in readers.indices { try readers[index].skip(passed) } }
  }
}
