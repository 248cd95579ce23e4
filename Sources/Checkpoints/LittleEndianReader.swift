import SafeTensors

/// Reads numbers and texts of a binary file in order; what lies outside the file is an error.
struct LittleEndianReader {
  let bytes: UnsafeRawBufferPointer
  let path: String
  let format: String
  /// Offset of the next byte. May be set to anything; reading checks it.
  var position: Int

  /// - Parameters:
  ///   - bytes: must outlive the reader.
  ///   - path: for messages.
  ///   - format: what the file is called in messages.
  init(_ bytes: UnsafeRawBufferPointer, path: String, format: String, at position: Int = 0) {
    (self.bytes, self.path, self.format, self.position) = (bytes, path, format, position)
  }

  func failure(_ reason: String) -> CheckpointError {
    .damaged(path: path, format: format, reason: reason)
  }

  private mutating func load<T: FixedWidthInteger>(_ type: T.Type) throws(CheckpointError) -> T {
    let size = MemoryLayout<T>.size
    guard position >= 0, position <= bytes.count - size else {
      throw failure("it ends at byte \(bytes.count), where more should follow")
    }
    defer { position += size }
    return T(littleEndian: bytes.loadUnaligned(fromByteOffset: position, as: T.self))
  }

  mutating func u8() throws(CheckpointError) -> UInt8 { try load(UInt8.self) }
  mutating func u16() throws(CheckpointError) -> UInt16 { try load(UInt16.self) }
  mutating func u32() throws(CheckpointError) -> UInt32 { try load(UInt32.self) }
  mutating func i32() throws(CheckpointError) -> Int32 { try load(Int32.self) }
  mutating func u64() throws(CheckpointError) -> UInt64 { try load(UInt64.self) }
  mutating func i64() throws(CheckpointError) -> Int64 { try load(Int64.self) }

  /// A 64-bit size or position; one beyond any file is an error.
  mutating func length() throws(CheckpointError) -> Int {
    let value = try u64()
    guard value < 1 << 56 else { throw failure("it claims a size of \(value)") }
    return Int(value)
  }

  /// The next bytes, in place.
  mutating func slice(_ count: Int) throws(CheckpointError) -> UnsafeRawBufferPointer {
    guard count >= 0, position >= 0, count <= bytes.count, position <= bytes.count - count else {
      throw failure("it ends at byte \(bytes.count), where \(count) more should follow")
    }
    defer { position += count }
    return UnsafeRawBufferPointer(rebasing: bytes[position..<(position + count)])
  }

  /// Text of so many bytes of UTF-8.
  mutating func text(_ count: Int) throws(CheckpointError) -> String {
    let start = position
    guard let text = String(validating: try slice(count), as: UTF8.self) else {
      throw failure("the text at byte \(start) is not UTF-8")
    }
    return text
  }

  /// Text up to a line feed, which is consumed.
  mutating func line() throws(CheckpointError) -> String {
    guard position >= 0, position <= bytes.count,
      let end = bytes[position...].prefix(4096).firstIndex(of: 0x0a)
    else { throw failure("the line at byte \(position) does not end") }
    let text = try text(end - position)
    position += 1
    return text
  }
}
