/// What stands before a page's bytes (PageHeader in parquet.thrift).
struct ParquetPageHeader {
  /// Kinds of pages.
  enum Kind: Int {
    case data = 0
    case index = 1
    case dictionary = 2
    case dataV2 = 3
  }

  var kind: Kind
  var size = 0
  var compressedSize = 0
  /// Values with the nulls among them, or entries of a dictionary.
  var values = 0
  var encoding = 0
  var definitionEncoding = ParquetEncoding.rle.rawValue
  /// Bytes of the levels before the values (version 2).
  var (definitionBytes, repetitionBytes) = (0, 0)
  /// Whether the values are compressed at all (version 2).
  var isCompressed = true
  /// Bytes of this header.
  var headerSize = 0

  /// Decodes a header from the start of `bytes`, which may hold more.
  init(_ bytes: [UInt8]) throws {
    var reader = ThriftReader(bytes)
    var fields = (
      kind: -1, size: -1, compressed: -1, values: -1, encoding: 0, definition: 3, levels: (0, 0), packed: true
    )
    try reader.structure { reader, id, kind in
      switch (id, kind) {
      case (1, .i32): fields.kind = try reader.integer()
      case (2, .i32): fields.size = try reader.integer()
      case (3, .i32): fields.compressed = try reader.integer()
      case (5, .structure), (7, .structure):
        let isData = id == 5
        try reader.structure { reader, id, kind in
          switch (id, kind) {
          case (1, .i32): fields.values = try reader.integer()
          case (2, .i32): fields.encoding = try reader.integer()
          case (3, .i32) where isData: fields.definition = try reader.integer()
          default: return false
          }
          return true
        }
      case (8, .structure):
        try reader.structure { reader, id, kind in
          switch (id, kind) {
          case (1, .i32): fields.values = try reader.integer()
          case (4, .i32): fields.encoding = try reader.integer()
          case (5, .i32): fields.levels.0 = try reader.integer()
          case (6, .i32): fields.levels.1 = try reader.integer()
          case (7, .yes): fields.packed = true
          case (7, .no): fields.packed = false
          default: return false
          }
          return true
        }
      default: return false
      }
      return true
    }
    guard let kind = Kind(rawValue: fields.kind), fields.size >= 0, fields.compressed >= 0,
      kind == .index || fields.values >= 0, fields.size <= Int(Int32.max)
    else { throw Fault.damaged("a page's header makes no sense") }
    self.kind = kind
    (size, compressedSize, values, encoding) = (fields.size, fields.compressed, max(fields.values, 0), fields.encoding)
    definitionEncoding = fields.definition
    (definitionBytes, repetitionBytes) = fields.levels
    isCompressed = fields.packed
    headerSize = reader.position
    guard definitionBytes >= 0, repetitionBytes >= 0, definitionBytes + repetitionBytes <= min(size, compressedSize)
    else { throw Fault.damaged("a page's levels are longer than the page") }
  }
}

/// How values are laid out in a page, as numbered in parquet.thrift.
enum ParquetEncoding: Int {
  case plain = 0
  case plainDictionary = 2
  case rle = 3
  case rleDictionary = 8

  /// An encoding by its number; others are refused by name.
  init(number: Int) throws {
    let others = [
      4: "BIT_PACKED", 5: "DELTA_BINARY_PACKED", 6: "DELTA_LENGTH_BYTE_ARRAY", 7: "DELTA_BYTE_ARRAY",
      9: "BYTE_STREAM_SPLIT",
    ]
    guard let encoding = Self(rawValue: number) else {
      throw Fault.unsupported(
        "values in Parquet's encoding \(others[number] ?? "number \(number)"), which is not read; "
          + "write the file with plain or dictionary encoding")
    }
    self = encoding
  }
}
