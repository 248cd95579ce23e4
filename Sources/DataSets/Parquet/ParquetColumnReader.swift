/// One column of a file from its first row to its last, a page in memory at a time.
struct ParquetColumnReader {
  private let file: RandomAccessFile
  private let column: ParquetColumn
  private let chunks: [ParquetFooter.Chunk]
  /// The chunk that is read next.
  private var nextChunk = 0
  private var codec = ParquetCodec.uncompressed
  /// Where the next page of the open chunk starts, and where the chunk ends.
  private var (position, end) = (0, 0)
  /// Values of the open chunk that no page has brought yet.
  private var valuesLeft = 0
  private var dictionary: [ParquetValue]?
  private var page: ParquetPage?

  /// - Parameter index: the column's place in the schema.
  init(_ file: RandomAccessFile, _ footer: ParquetFooter, column index: Int) throws {
    self.file = file
    column = footer.columns[index]
    chunks = footer.groups.map { $0.chunks[index] }
    guard column.maxRepetition == 0 else {
      throw Fault.unsupported(
        "column \(column.name) holds lists, which are not read; name a column with one value a row")
    }
    guard column.type != .fixedLengthByteArray || column.fixedLength > 0 else {
      throw Fault.damaged("column \(column.name) has values of no length")
    }
  }

  /// The next row's value.
  mutating func next() throws -> ParquetValue {
    while (page?.left ?? 0) == 0 { try openPage(skipping: 0) }
    guard let value = try page?.next() else { throw Fault.damaged("column \(column.name) ends early") }
    return value
  }

  /// Passes over rows; pages that hold no other are not unpacked.
  mutating func skip(_ count: Int) throws {
    var rest = count
    while rest > 0 {
      let here = min(rest, page?.left ?? 0)
      try page?.skip(here)
      rest -= here
      if rest > 0 { rest -= try openPage(skipping: rest) }
    }
  }

  /// Goes on to the next data page.
  /// - Parameter most: a page of no more rows than that is passed over.
  /// - Returns: the rows passed over.
  @discardableResult
  private mutating func openPage(skipping most: Int) throws -> Int {
    while valuesLeft == 0 { try openChunk() }
    page = nil
    // Headers hold statistics, which are as long as values are.
    var header: ParquetPageHeader?
    var room = 256
    while header == nil {
      let bytes = try file.read(at: position, count: min(room, end - position))
      do {
        header = try ParquetPageHeader(bytes)
      } catch {
        guard bytes.count < end - position, room < 1 << 24 else { throw error }
        room *= 8
      }
    }
    guard let header else { return 0 }
    position += header.headerSize
    guard header.compressedSize <= end - position else {
      throw Fault.damaged("a page of column \(column.name) is longer than the column")
    }
    let body = position
    position += header.compressedSize
    switch header.kind {
    case .index: break
    case .dictionary:
      let packed = try file.read(at: body, count: header.compressedSize)
      dictionary = try entries(header, try codec.unpack(packed[...], size: header.size))
    case .data, .dataV2:
      guard header.values <= valuesLeft else {
        throw Fault.damaged("column \(column.name) has more values than its row group")
      }
      valuesLeft -= header.values
      if header.values <= most { return header.values }
      page = try ParquetPage(
        header, try file.read(at: body, count: header.compressedSize), codec: codec, column: column,
        dictionary: dictionary)
    }
    return 0
  }

  private mutating func openChunk() throws {
    guard nextChunk < chunks.count else { throw Fault.damaged("column \(column.name) ends early") }
    let chunk = chunks[nextChunk]
    nextChunk += 1
    if let other = chunk.otherFile, !other.isEmpty {
      throw Fault.unsupported("column \(column.name) lies in another file, \(other)")
    }
    codec = try ParquetCodec(number: chunk.codec)
    (position, end, valuesLeft) = (chunk.start, chunk.start + chunk.compressedSize, chunk.values)
    dictionary = nil
  }

  private func entries(_ header: ParquetPageHeader, _ bytes: [UInt8]) throws -> [ParquetValue] {
    guard column.type != .boolean, header.values <= bytes.count / (column.type == .byteArray ? 4 : 1) else {
      throw Fault.damaged("a dictionary of column \(column.name) is shorter than it says")
    }
    var values = PlainValues(bytes, from: 0, of: column)
    return try (0..<header.values).map { _ in try values.next() }
  }
}
