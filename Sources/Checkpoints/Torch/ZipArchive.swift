import CZlib
import SafeTensors

/// The directory of a zip archive in memory: what it holds and where. Nothing is written to disk.
///
/// Source: PKWARE APPNOTE 6.3, sections 4.3 and 4.5.3 (zip64).
struct ZipArchive {
  /// One file of the archive.
  struct Entry {
    /// Where its bytes are, packed or not.
    let range: Range<Int>
    let isDeflated: Bool
    /// Bytes after unpacking.
    let size: Int
    let checksum: UInt32
  }

  private(set) var entries: [String: Entry] = [:]
  private let bytes: UnsafeRawBufferPointer
  private let path: String

  /// - Parameter bytes: the whole archive; must outlive this value.
  init(_ bytes: UnsafeRawBufferPointer, path: String) throws(CheckpointError) {
    self.bytes = bytes
    self.path = path
    let directory = try Self.findDirectory(LittleEndianReader(bytes, path: path, format: "zip"))
    var reader = LittleEndianReader(bytes, path: path, format: "zip", at: directory.start)
    for _ in 0..<directory.count {
      let (name, entry) = try Self.readEntry(&reader)
      // Two files of one name let two programs see two archives.
      guard entries.updateValue(entry, forKey: name) == nil else {
        throw reader.failure("\(name) is in it twice")
      }
    }
  }

  /// The unpacked bytes of an entry: inside the archive if stored, else in memory of their own.
  func contents(_ name: String) throws(CheckpointError) -> Contents? {
    guard let entry = entries[name] else { return nil }
    let packed = UnsafeRawBufferPointer(rebasing: bytes[entry.range])
    guard entry.isDeflated else { return .stored(packed) }
    let buffer = ByteBuffer(count: entry.size)
    let isWhole = iz_inflate(
      packed.baseAddress, packed.count, buffer.mutableBytes.baseAddress, buffer.count)
    guard isWhole == 1, iz_crc32(buffer.bytes.baseAddress, buffer.count) == entry.checksum else {
      throw .damaged(path: path, format: "zip", reason: "\(name) does not unpack")
    }
    return .unpacked(buffer)
  }

  /// Bytes of an entry and who keeps them alive.
  enum Contents {
    case stored(UnsafeRawBufferPointer)
    case unpacked(ByteBuffer)

    var bytes: UnsafeRawBufferPointer {
      switch self {
      case .stored(let bytes): bytes
      case .unpacked(let buffer): buffer.bytes
      }
    }
  }

  // MARK: Reading the directory

  /// Start of the central directory and its number of entries, from the record at the archive's end.
  private static func findDirectory(
    _ start: LittleEndianReader
  ) throws(CheckpointError) -> (start: Int, count: Int) {
    var reader = start
    let total = reader.bytes.count
    let recordSize = 22
    // A comment of up to 65535 bytes may follow the record.
    let first = max(0, total - recordSize - 65535)
    var position = total - recordSize
    while position >= first {
      reader.position = position
      if try reader.u32() == 0x0605_4b50 { break }
      position -= 1
    }
    guard position >= first, position >= 0 else {
      throw reader.failure("its directory is missing at the end, the download is cut short")
    }
    reader.position = position + 10
    var count = Int(try reader.u16())
    reader.position = position + 16
    var offset = Int(try reader.u32())
    if (count == 0xffff || offset == 0xffff_ffff) && position >= 20 {
      reader.position = position - 20
      if try reader.u32() == 0x0706_4b50 {
        reader.position += 4
        reader.position = try reader.length()
        guard try reader.u32() == 0x0606_4b50 else { throw reader.failure("no zip64 directory") }
        reader.position += 28
        count = try reader.length()
        reader.position += 8
        offset = try reader.length()
      }
    }
    // An entry takes 46 bytes at least.
    guard offset <= total, count <= total / 46 else { throw reader.failure("impossible directory") }
    return (offset, count)
  }

  private static func readEntry(
    _ reader: inout LittleEndianReader
  ) throws(CheckpointError) -> (String, Entry) {
    guard try reader.u32() == 0x0201_4b50 else { throw reader.failure("its directory is broken") }
    reader.position += 4
    let (flags, method) = (try reader.u16(), try reader.u16())
    reader.position += 4
    let checksum = try reader.u32()
    var (packed, size) = (Int(try reader.u32()), Int(try reader.u32()))
    let lengths = (Int(try reader.u16()), Int(try reader.u16()), Int(try reader.u16()))
    reader.position += 8
    var offset = Int(try reader.u32())
    let name = try reader.text(lengths.0)
    let end = reader.position + lengths.1
    while reader.position + 4 <= end {
      let (kind, length) = (try reader.u16(), Int(try reader.u16()))
      let next = reader.position + length
      if kind == 1 {
        // The extra field has only those numbers that did not fit above, in this order.
        if size == 0xffff_ffff { size = try reader.length() }
        if packed == 0xffff_ffff { packed = try reader.length() }
        if offset == 0xffff_ffff { offset = try reader.length() }
      }
      reader.position = next
    }
    reader.position = end + lengths.2
    guard flags & 1 == 0 else { throw reader.failure("\(name) is encrypted") }
    guard method == 0 || method == 8 else {
      throw reader.failure("\(name) is packed by method \(method), not stored or deflated")
    }
    // The local header repeats the name, with an extra field of its own.
    var local = LittleEndianReader(reader.bytes, path: reader.path, format: "zip", at: offset)
    guard try local.u32() == 0x0403_4b50 else { throw reader.failure("\(name) is not where it should be") }
    local.position += 22
    let skipped = Int(try local.u16()) + Int(try local.u16())
    let start = local.position + skipped
    guard start <= reader.bytes.count, packed <= reader.bytes.count - start else {
      throw reader.failure("\(name) reaches past the end")
    }
    // Deflate packs 1032 to 1 at best, so a larger claim is a lie that would only cost memory.
    guard method == 8 ? size / 1032 <= packed : size == packed else {
      throw reader.failure("\(name) claims \(size) bytes from \(packed)")
    }
    let entry = Entry(range: start..<(start + packed), isDeflated: method == 8, size: size, checksum: checksum)
    return (name, entry)
  }
}
