import Foundation

/// The lines of a text file, one in memory at a time.
struct LineReader {
  /// One line without its end.
  struct Line {
    let bytes: [UInt8]
    /// Where it starts in the file.
    let offset: Int
    /// Counted from 1.
    let number: Int
  }

  private let stream: ByteStream
  private var buffer: ArraySlice<UInt8> = []
  private var (offset, number) = (0, 0)
  private static let longest = 1 << 24

  init(_ url: URL) throws { stream = try ByteStream(url) }

  /// The next line, nil after the last.
  mutating func next() throws -> Line? {
    var searched = buffer.startIndex
    while true {
      if let end = buffer[searched...].firstIndex(of: UInt8(ascii: "\n")) {
        return take(to: end, skipping: 1)
      }
      guard buffer.count <= Self.longest else {
        throw Fault.damaged("line \(number + 1) is longer than \(Self.longest) bytes")
      }
      let more = try stream.read(upTo: 1 << 16)
      if more.isEmpty { return buffer.isEmpty ? nil : take(to: buffer.endIndex, skipping: 0) }
      let seen = buffer.count
      buffer = buffer + more
      searched = buffer.startIndex + seen
    }
  }

  private mutating func take(to end: Int, skipping: Int) -> Line {
    var bytes = Array(buffer[..<end])
    if bytes.last == UInt8(ascii: "\r") { bytes.removeLast() }
    let line = Line(bytes: bytes, offset: offset, number: number + 1)
    offset += end + skipping - buffer.startIndex
    number += 1
    buffer = buffer[(end + skipping)...]
    return line
  }
}
