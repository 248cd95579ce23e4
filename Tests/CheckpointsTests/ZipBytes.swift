import CZlib

/// Writes a zip archive by hand.
struct ZipBytes {
  struct Entry {
    var name: String
    var contents: [UInt8]
    /// Packs into deflate's stored blocks, which is a valid stream of any length.
    var isDeflated = false
    /// Size to claim in place of the real one.
    var claimedSize: Int?
    /// Bytes to store in place of a stream made of `contents`.
    var packed: [UInt8]?
  }

  static func archive(_ entries: [Entry]) -> [UInt8] {
    var out: [UInt8] = []
    var directory: [UInt8] = []
    for entry in entries {
      let offset = out.count
      let packed = entry.packed ?? (entry.isDeflated ? storedBlocks(entry.contents) : entry.contents)
      let method: UInt16 = entry.isDeflated ? 8 : 0
      let size = entry.claimedSize ?? entry.contents.count
      let name = Array(entry.name.utf8)
      let checksum = entry.contents.withUnsafeBufferPointer { iz_crc32($0.baseAddress, $0.count) }
      let common =
        littleEndian(UInt16(0)) + littleEndian(method) + littleEndian(UInt32(0)) + littleEndian(checksum)
        + littleEndian(UInt32(packed.count)) + littleEndian(UInt32(size)) + littleEndian(UInt16(name.count))
        + littleEndian(UInt16(0))
      out += littleEndian(UInt32(0x0403_4b50)) + littleEndian(UInt16(20)) + common + name + packed
      directory += littleEndian(UInt32(0x0201_4b50)) + littleEndian(UInt16(20)) + littleEndian(UInt16(20)) + common
      directory += [UInt8](repeating: 0, count: 10) + littleEndian(UInt32(offset)) + name
    }
    let start = out.count
    out += directory
    out += littleEndian(UInt32(0x0605_4b50)) + [UInt8](repeating: 0, count: 4)
    out += littleEndian(UInt16(entries.count)) + littleEndian(UInt16(entries.count))
    return out + littleEndian(UInt32(directory.count)) + littleEndian(UInt32(start)) + [0, 0]
  }

  private static func storedBlocks(_ contents: [UInt8]) -> [UInt8] {
    var out: [UInt8] = []
    var rest = contents[...]
    repeat {
      let block = rest.prefix(65535)
      rest = rest.dropFirst(block.count)
      let count = UInt16(block.count)
      out += [rest.isEmpty ? 1 : 0] + littleEndian(count) + littleEndian(~count) + block
    } while !rest.isEmpty
    return out
  }
}
