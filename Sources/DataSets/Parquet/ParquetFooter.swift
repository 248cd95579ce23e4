/// What the end of a Parquet file says of it (FileMetaData in parquet.thrift).
struct ParquetFooter {
  /// Where one column's part of a row group lies.
  struct Chunk: Sendable {
    var codec = 0
    /// Values with the nulls among them.
    var values = 0
    var compressedSize = 0
    var dataOffset = 0
    var dictionaryOffset: Int?
    /// Another file the values lie in, which nobody writes.
    var otherFile: String?

    /// First byte of its pages.
    var start: Int {
      if let dictionaryOffset, dictionaryOffset > 0 { return min(dictionaryOffset, dataOffset) }
      return dataOffset
    }
  }

  /// Rows that are stored together.
  struct RowGroup: Sendable {
    var rows = 0
    var chunks: [Chunk] = []
  }

  let columns: [ParquetColumn]
  let rows: Int
  let groups: [RowGroup]
  /// Free texts of the writer.
  let texts: [String: String]

  /// Decodes the footer's bytes.
  /// - Parameter fileSize: what offsets and sizes are checked against.
  init(_ bytes: [UInt8], fileSize: Int) throws {
    var reader = ThriftReader(bytes)
    var elements: [ParquetSchema.Element] = []
    var (rows, groups, texts) = (0, [RowGroup](), [String: String]())
    try reader.structure { reader, id, kind in
      switch (id, kind) {
      case (2, .list): elements = try reader.list(of: .structure) { try ParquetSchema.Element(&$0) }
      case (3, .i64): rows = try reader.integer()
      case (4, .list): groups = try reader.list(of: .structure) { try Self.group(&$0) }
      case (5, .list):
        for (key, value) in try reader.list(of: .structure, { try Self.pair(&$0) }) { texts[key] = value }
      default: return false
      }
      return true
    }
    columns = try ParquetSchema.columns(elements)
    var sum = 0
    for group in groups {
      guard group.rows >= 0, group.rows <= rows - sum else {
        throw Fault.damaged("its row groups do not add up to \(rows) rows")
      }
      sum += group.rows
      guard group.chunks.count == columns.count else {
        throw Fault.damaged("a row group has \(group.chunks.count) of \(columns.count) columns")
      }
      for (chunk, column) in zip(group.chunks, columns) {
        let (start, size) = (chunk.start, chunk.compressedSize)
        guard start >= 4, size >= 0, start <= fileSize, size <= fileSize - start, chunk.values >= 0 else {
          throw Fault.damaged("column \(column.name) lies outside the file")
        }
      }
    }
    guard sum == rows else { throw Fault.damaged("its row groups hold \(sum) of \(rows) rows") }
    self.rows = rows
    self.groups = groups
    self.texts = texts
  }

  private static func pair(_ reader: inout ThriftReader) throws -> (String, String) {
    var (key, value) = ("", "")
    try reader.structure { reader, id, kind in
      switch (id, kind) {
      case (1, .binary): key = try reader.text()
      case (2, .binary): value = try reader.text()
      default: return false
      }
      return true
    }
    return (key, value)
  }

  private static func group(_ reader: inout ThriftReader) throws -> RowGroup {
    var group = RowGroup()
    try reader.structure { reader, id, kind in
      switch (id, kind) {
      case (1, .list): group.chunks = try reader.list(of: .structure) { try chunk(&$0) }
      case (3, .i64): group.rows = try reader.integer()
      default: return false
      }
      return true
    }
    return group
  }

  private static func chunk(_ reader: inout ThriftReader) throws -> Chunk {
    var chunk = Chunk()
    try reader.structure { reader, id, kind in
      switch (id, kind) {
      case (1, .binary): chunk.otherFile = try reader.text()
      case (3, .structure):
        try reader.structure { reader, id, kind in
          switch (id, kind) {
          case (4, .i32): chunk.codec = try reader.integer()
          case (5, .i64): chunk.values = try reader.integer()
          case (7, .i64): chunk.compressedSize = try reader.integer()
          case (9, .i64): chunk.dataOffset = try reader.integer()
          case (11, .i64): chunk.dictionaryOffset = try reader.integer()
          default: return false
          }
          return true
        }
      default: return false
      }
      return true
    }
    return chunk
  }
}
