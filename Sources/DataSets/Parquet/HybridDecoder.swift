/// Small numbers in runs: repeated ones once, others packed bit by bit (Parquet's RLE/bit-packing hybrid).
struct HybridDecoder {
  private let bytes: ArraySlice<UInt8>
  private let width: Int
  private var position: Int
  private var left = 0
  private var repeated: Int?
  private var bit = 0

  /// - Parameters:
  ///   - bytes: runs to their end.
  ///   - width: bits of a number, 0 to 32.
  init(_ bytes: ArraySlice<UInt8>, width: Int) throws {
    guard (0...32).contains(width) else { throw Fault.damaged("a page packs numbers of \(width) bits") }
    self.bytes = bytes
    self.width = width
    position = bytes.startIndex
  }

  /// Bits needed for numbers up to `most`.
  static func width(for most: Int) -> Int { Int.bitWidth - most.leadingZeroBitCount }

  /// The next number.
  mutating func next() throws -> Int {
    while left == 0 { try startRun() }
    left -= 1
    if let repeated { return repeated }
    var (value, filled) = (0, 0)
    while filled < width {
      let index = position + bit >> 3
      guard index < bytes.endIndex else { throw Fault.damaged("a page's packed numbers end early") }
      let offset = bit & 7
      let taken = min(8 - offset, width - filled)
      value |= (Int(bytes[index]) >> offset & (1 << taken - 1)) << filled
      filled += taken
      bit += taken
    }
    if left == 0 { position += (bit + 7) >> 3 }
    return value
  }

  private mutating func startRun() throws {
    var header = 0
    for shift in stride(from: 0, through: 28, by: 7) {
      guard position < bytes.endIndex else { throw Fault.damaged("a page's packed numbers end early") }
      let byte = Int(bytes[position])
      position += 1
      header |= (byte & 0x7f) << shift
      if byte & 0x80 == 0 { break }
      if shift == 28 { throw Fault.damaged("a page's packed numbers are garbled") }
    }
    left = header & 1 == 1 ? (header >> 1) * 8 : header >> 1
    bit = 0
    repeated = nil
    guard header & 1 == 0 else { return }
    let size = (width + 7) / 8
    guard size <= bytes.endIndex - position else { throw Fault.damaged("a page's packed numbers end early") }
    repeated = (0..<size).reduce(0) { $0 | Int(bytes[position + $1]) << (8 * $1) }
    position += size
  }
}
