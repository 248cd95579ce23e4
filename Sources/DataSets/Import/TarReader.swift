import Foundation

/// The files of a tar archive in their order, plain or packed with gzip.
///
/// Read are ustar's names and the two ways to write longer ones (GNU's and POSIX's); links, folders and devices are
/// passed over. Source: POSIX.1-2017 pax, "ustar Interchange Format"; GNU tar manual, "Basic Tar Format".
final class TarReader {
  /// One file.
  struct Entry {
    let name: String
    let size: Int
  }

  private let stream: ByteStream
  /// Bytes of the open entry that are not read yet, and what fills its last block.
  private var (left, padding) = (0, 0)
  private static let longestName = 1 << 16

  init(_ url: URL) throws { stream = try ByteStream(url) }

  /// Whether 512 bytes are the head of an archive's entry: its checksum is right.
  static func isHeader(_ block: [UInt8]) -> Bool {
    guard block.count == 512, block[0] != 0, let sum = number(block[148..<156]) else { return false }
    let found = block.indices.reduce(0) { $0 + ((148..<156).contains($1) ? 0x20 : Int(block[$1])) }
    return sum == found
  }

  /// The next file, nil at the end.
  func next() throws -> Entry? {
    try stream.skip(left + padding)
    (left, padding) = (0, 0)
    var (longName, longSize): (String?, Int?) = (nil, nil)
    while true {
      let block = try stream.read(upTo: 512)
      // Two blocks of zeros end an archive; some writers forget them.
      if block.isEmpty || block.allSatisfy({ $0 == 0 }) { return nil }
      guard Self.isHeader(block), let size = Self.number(block[124..<136]) else {
        throw Fault.damaged("an entry's head is garbled before byte \(stream.position)")
      }
      let filling = (512 - size % 512) % 512
      switch block[156] {
      case UInt8(ascii: "L"), UInt8(ascii: "x"):
        guard size <= Self.longestName else { throw Fault.damaged("a name of \(size) bytes") }
        let text = try stream.read(exactly: size)
        try stream.skip(filling)
        if block[156] == UInt8(ascii: "L") {
          longName = Self.text(text[...])
        } else {
          let fields = try Self.fields(text)
          longName = fields["path"] ?? longName
          longSize = fields["size"].flatMap { Int($0) } ?? longSize
        }
      case UInt8(ascii: "0"), 0, UInt8(ascii: "7"):
        let prefix = block[257..<262].elementsEqual("ustar".utf8) && block[262] == 0 ? Self.text(block[345..<500]) : ""
        let short = Self.text(block[0..<100])
        let actual = longSize ?? size
        guard actual >= 0 else { throw Fault.damaged("an entry has a size below 0") }
        (left, padding) = (actual, (512 - actual % 512) % 512)
        return Entry(name: longName ?? (prefix.isEmpty ? short : "\(prefix)/\(short)"), size: actual)
      default:
        // Links and folders have no content of their own, whatever their size says; others do.
        let isBare = (UInt8(ascii: "1")...UInt8(ascii: "6")).contains(block[156])
        try stream.skip(isBare ? 0 : size + filling)
        (longName, longSize) = (nil, nil)
      }
    }
  }

  /// Reads up to `count` further bytes of the open entry.
  func read(upTo count: Int) throws -> [UInt8] {
    let bytes = try stream.read(exactly: min(count, left))
    left -= bytes.count
    return bytes
  }

  private static func text(_ bytes: ArraySlice<UInt8>) -> String {
    TextBytes.decode(bytes.prefix { $0 != 0 }).text
  }

  /// An octal number, or a binary one where the first bit is set.
  private static func number(_ field: ArraySlice<UInt8>) -> Int? {
    if let first = field.first, first & 0x80 != 0 {
      let value = field.dropFirst().suffix(8).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
      return Int(exactly: value).flatMap { $0 < 1 << 56 ? $0 : nil }
    }
    let digits = field.drop { $0 == 0x20 }.prefix { $0 != 0 && $0 != 0x20 }
    return digits.isEmpty ? 0 : Int(String(decoding: digits, as: UTF8.self), radix: 8).flatMap { $0 >= 0 ? $0 : nil }
  }

  /// A POSIX extended head: lines of "length key=value".
  private static func fields(_ bytes: [UInt8]) throws -> [String: String] {
    var fields: [String: String] = [:]
    var rest = bytes[...]
    while let space = rest.firstIndex(of: 0x20) {
      guard let length = Int(String(decoding: rest[..<space], as: UTF8.self)), length > space - rest.startIndex,
        length <= rest.count
      else { throw Fault.damaged("an extended head is garbled") }
      let line = rest[(space + 1)..<(rest.startIndex + length - 1)]
      if let equals = line.firstIndex(of: UInt8(ascii: "=")) {
        fields[String(decoding: line[..<equals], as: UTF8.self)] = TextBytes.decode(line[(equals + 1)...]).text
      }
      rest = rest[(rest.startIndex + length)...]
    }
    return fields
  }
}
