/// The values of one data page, handed out one a row.
struct ParquetPage {
  private enum Values {
    case plain(PlainValues)
    case indices(HybridDecoder, dictionary: [ParquetValue])
    /// Truth values in runs.
    case truths(HybridDecoder)
    /// A page of nulls has none.
    case none
  }

  private let column: ParquetColumn
  private var levels: HybridDecoder?
  private var values: Values
  /// Rows not yet handed out.
  private(set) var left: Int

  /// Opens a page.
  /// - Parameters:
  ///   - header: what stood before it.
  ///   - body: the page as it lies in the file.
  ///   - dictionary: the chunk's, if there was one.
  init(
    _ header: ParquetPageHeader, _ body: [UInt8], codec: ParquetCodec, column: ParquetColumn,
    dictionary: [ParquetValue]?
  ) throws {
    self.column = column
    left = header.values
    var bytes: [UInt8]
    var start = 0
    if header.kind == .dataV2 {
      // Levels stand before what is compressed.
      let levelBytes = header.repetitionBytes + header.definitionBytes
      if column.maxDefinition > 0 {
        levels = try HybridDecoder(
          body[header.repetitionBytes..<levelBytes], width: HybridDecoder.width(for: column.maxDefinition))
      }
      let packed = body[levelBytes...]
      bytes =
        header.isCompressed
        ? try codec.unpack(packed, size: header.size - levelBytes)
        : try ParquetCodec.uncompressed.unpack(packed, size: header.size - levelBytes)
    } else {
      bytes = try codec.unpack(body[...], size: header.size)
      if column.maxDefinition > 0 {
        guard try ParquetEncoding(number: header.definitionEncoding) == .rle else {
          throw Fault.damaged("a page's levels are in an encoding for values")
        }
        let count = try Self.count(bytes, at: 0)
        levels = try HybridDecoder(bytes[4..<(4 + count)], width: HybridDecoder.width(for: column.maxDefinition))
        start = 4 + count
      }
    }
    values = try Self.values(header, bytes, from: start, column: column, dictionary: dictionary)
  }

  private static func values(
    _ header: ParquetPageHeader, _ bytes: [UInt8], from start: Int, column: ParquetColumn, dictionary: [ParquetValue]?
  ) throws -> Values {
    switch try ParquetEncoding(number: header.encoding) {
    case .plain: return .plain(PlainValues(bytes, from: start, of: column))
    case .rle:
      guard column.type == .boolean else { throw Fault.damaged("a page's values are in an encoding for levels") }
      let count = try count(bytes, at: start)
      return .truths(try HybridDecoder(bytes[(start + 4)..<(start + 4 + count)], width: 1))
    case .plainDictionary, .rleDictionary:
      guard start < bytes.count else { return .none }
      guard let dictionary else { throw Fault.damaged("a page refers to a dictionary that is not there") }
      return .indices(
        try HybridDecoder(bytes[(start + 1)...], width: Int(bytes[start])), dictionary: dictionary)
    }
  }

  /// A length of four bytes, checked against what follows it.
  private static func count(_ bytes: [UInt8], at position: Int) throws -> Int {
    guard bytes.count - position >= 4 else { throw Fault.damaged("a page ends early") }
    let count = (0..<4).reduce(0) { $0 | Int(bytes[position + $1]) << (8 * $1) }
    guard count <= bytes.count - position - 4 else { throw Fault.damaged("a page's levels are longer than the page") }
    return count
  }

  /// Whether the next row has a value.
  private mutating func takeLevel() throws -> Bool {
    left -= 1
    guard levels != nil else { return true }
    let level = try levels?.next() ?? 0
    guard level <= column.maxDefinition else { throw Fault.damaged("a page has a level that its schema does not") }
    return level == column.maxDefinition
  }

  /// The next row's value.
  mutating func next() throws -> ParquetValue {
    guard try takeLevel() else { return .null }
    switch values {
    case .none: throw Fault.damaged("a page has fewer values than rows")
    case .plain(var plain):
      values = .none
      defer { values = .plain(plain) }
      return try plain.next()
    case .truths(var decoder):
      defer { values = .truths(decoder) }
      return .bool(try decoder.next() != 0)
    case .indices(var decoder, let dictionary):
      let index = try decoder.next()
      values = .indices(decoder, dictionary: dictionary)
      guard index < dictionary.count else {
        throw Fault.damaged("a page refers to entry \(index) of a dictionary of \(dictionary.count)")
      }
      return dictionary[index]
    }
  }

  /// Passes over rows.
  mutating func skip(_ count: Int) throws {
    for _ in 0..<count {
      if case .plain(var plain) = values {
        values = .none
        defer { values = .plain(plain) }
        if try takeLevel() { try plain.skip() }
      } else {
        _ = try next()
      }
    }
  }
}
