import CZlib
import Foundation

/// A file's content from front to back, in pieces; gzip files are unpacked on the way, whatever their name is.
package final class ByteStream {
  let path: String
  private let file: RandomAccessFile
  private var offset = 0
  private let codec: OpaquePointer?
  private var packed: ArraySlice<UInt8> = []
  /// Whether the unpacked stream is at a point where it may end.
  private var isBetweenMembers = true
  private var ready: ArraySlice<UInt8> = []
  private static let block = 1 << 18

  /// Bytes handed out so far.
  private(set) var position = 0

  /// Opens a file.
  package init(_ url: URL) throws {
    path = url.path
    file = try RandomAccessFile(url)
    if try file.read(upTo: 2, at: 0) == [0x1f, 0x8b] {
      guard let made = iz_stream_new() else { throw DataSetError.unreadable(path: path, reason: "out of memory") }
      codec = made
    } else {
      codec = nil
    }
  }

  deinit { iz_stream_free(codec) }

  /// Runs a reader; what it finds wrong gets the file's name.
  static func naming<Value>(_ path: String, format: String, _ body: () throws -> Value) throws -> Value {
    do {
      return try body()
    } catch let error as Fault {
      throw error.inFile(path, format: format)
    }
  }

  /// Reads up to `count` bytes; fewer only at the end.
  package func read(upTo count: Int) throws -> [UInt8] {
    var out: [UInt8] = []
    out.reserveCapacity(min(count, Self.block))
    while out.count < count {
      if ready.isEmpty { ready = try nextBlock()[...] }
      if ready.isEmpty { break }
      let taken = ready.prefix(count - out.count)
      out += taken
      ready = ready.dropFirst(taken.count)
    }
    position += out.count
    return out
  }

  /// Reads exactly `count` bytes.
  func read(exactly count: Int) throws -> [UInt8] {
    let bytes = try read(upTo: count)
    guard bytes.count == count else { throw Fault.damaged("it ends early, after \(position) bytes") }
    return bytes
  }

  /// Passes over `count` bytes, which must be there.
  func skip(_ count: Int) throws {
    var left = count
    while left > 0 {
      if codec == nil && ready.isEmpty {
        guard left <= file.count - offset else { throw Fault.damaged("it ends early, after \(file.count) bytes") }
        offset += left
        position += left
        return
      }
      left -= try read(exactly: min(left, ready.isEmpty ? Self.block : ready.count)).count
    }
  }

  /// The next bytes, empty at the end.
  private func nextBlock() throws -> [UInt8] {
    guard let codec else { return try nextStored() }
    while true {
      if packed.isEmpty { packed = try nextStored()[...] }
      if packed.isEmpty {
        guard isBetweenMembers else { throw Fault.damaged("its compressed data ends early") }
        return []
      }
      // Some tools pad the end with zeros; they are no member.
      if isBetweenMembers, packed.allSatisfy({ $0 == 0 }) {
        packed = []
        continue
      }
      var (used, written) = (0, 0)
      var status: Int32 = 0
      let out = [UInt8](unsafeUninitializedCapacity: Self.block) { buffer, initialized in
        packed.withUnsafeBufferPointer {
          status = iz_stream_inflate(
            codec, $0.baseAddress, $0.count, buffer.baseAddress, Self.block, &used, &written)
        }
        initialized = written
      }
      guard status != 0 else { throw Fault.damaged("its compressed data is garbled") }
      packed = packed.dropFirst(used)
      isBetweenMembers = status == 2
      if !out.isEmpty { return out }
    }
  }

  private func nextStored() throws -> [UInt8] {
    let bytes = try file.read(upTo: Self.block, at: offset)
    offset += bytes.count
    return bytes
  }
}
