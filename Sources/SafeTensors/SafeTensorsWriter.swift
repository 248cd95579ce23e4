import Foundation
import Glibc

/// Writes a safetensors file tensor by tensor, under a temporary name that is renamed when all is there.
public final class SafeTensorsWriter {
  private let url: URL
  private let temporary: String
  private var descriptor: Int32
  private var remaining: [(name: String, bytes: Int)]

  /// - Parameters:
  ///   - entries: every tensor in the order its bytes will come.
  ///   - metadata: the file's `__metadata__`.
  public init(
    url: URL, entries: [(name: String, type: ElementType, shape: [Int])],
    metadata: [String: String] = [:]
  ) throws(CheckpointError) {
    self.url = url
    temporary = url.path + ".partial-\(getpid())"
    remaining = entries.map { ($0.name, $0.shape.reduce($0.type.byteSize, *)) }
    descriptor = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else {
      throw .unwritable(path: url.path, reason: String(cString: strerror(errno)))
    }
    let header = Self.header(entries, metadata)
    let length = UInt64(header.count)
    let prefix = (0..<8).map { UInt8(truncatingIfNeeded: length >> (8 * $0)) }
    try write(prefix + header)
  }

  deinit {
    guard descriptor >= 0 else { return }
    close(descriptor)
    unlink(temporary)
  }

  /// Appends the bytes of the next tensor.
  public func append(_ bytes: UnsafeRawBufferPointer) throws(CheckpointError) {
    precondition(
      !remaining.isEmpty && remaining[0].bytes == bytes.count,
      "\(bytes.count) bytes for tensor \(remaining.first?.name ?? "past the last one")")
    remaining.removeFirst()
    try write(bytes)
  }

  /// Flushes the file to disk and gives it its name.
  public func finish() throws(CheckpointError) {
    precondition(remaining.isEmpty, "\(remaining.count) tensors were not written")
    guard fsync(descriptor) == 0, close(descriptor) == 0 else { throw failure() }
    descriptor = -1
    guard rename(temporary, url.path) == 0 else {
      let error = failure()
      unlink(temporary)
      throw error
    }
  }

  private func write(_ bytes: [UInt8]) throws(CheckpointError) {
    let isWritten = bytes.withUnsafeBytes { tryWrite($0) }
    guard isWritten else { throw failure() }
  }

  private func write(_ bytes: UnsafeRawBufferPointer) throws(CheckpointError) {
    guard tryWrite(bytes) else { throw failure() }
  }

  /// False with `errno` set if the disk did not take everything.
  private func tryWrite(_ bytes: UnsafeRawBufferPointer) -> Bool {
    var rest = bytes[...]
    while !rest.isEmpty {
      let written = Glibc.write(descriptor, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
      if written < 0 && errno == EINTR { continue }
      guard written > 0 else { return false }
      rest = rest.dropFirst(written)
    }
    return true
  }

  private func failure() -> CheckpointError {
    .unwritable(path: url.path, reason: String(cString: strerror(errno)))
  }

  /// The JSON header, padded with spaces so that the data starts at a multiple of 8 bytes.
  private static func header(
    _ entries: [(name: String, type: ElementType, shape: [Int])], _ metadata: [String: String]
  ) -> [UInt8] {
    var parts: [String] = []
    if !metadata.isEmpty {
      let pairs = metadata.sorted { $0.key < $1.key }.map { "\(quoted($0.key)):\(quoted($0.value))" }
      parts.append("\"__metadata__\":{\(pairs.joined(separator: ","))}")
    }
    var offset = 0
    for entry in entries {
      let end = offset + entry.shape.reduce(entry.type.byteSize, *)
      let shape = entry.shape.map(String.init).joined(separator: ",")
      parts.append(
        "\(quoted(entry.name)):{\"dtype\":\"\(entry.type.rawValue)\",\"shape\":[\(shape)],"
          + "\"data_offsets\":[\(offset),\(end)]}")
      offset = end
    }
    var bytes = Array("{\(parts.joined(separator: ","))}".utf8)
    while (bytes.count + 8) % 8 != 0 { bytes.append(0x20) }
    return bytes
  }

  private static func quoted(_ text: String) -> String {
    var out = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": out += "\\\""
      case "\\": out += "\\\\"
      case _ where scalar.value < 0x20:
        out +=
          "\\u" + String(repeating: "0", count: scalar.value < 16 ? 3 : 2)
          + String(scalar.value, radix: 16)
      default: out.unicodeScalars.append(scalar)
      }
    }
    return out + "\""
  }
}
