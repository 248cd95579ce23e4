import Foundation
import SafeTensors

/// A folder of one test, removed with all in it when the test ends.
final class TemporaryFolder {
  let url: URL

  init() throws {
    url = FileManager.default.temporaryDirectory
      .appendingPathComponent("safetensors-test-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: false)
  }

  deinit { try? FileManager.default.removeItem(at: url) }

  func file(_ name: String) -> URL { url.appendingPathComponent(name) }

  /// Writes a file and returns its location.
  @discardableResult
  func write(_ bytes: [UInt8], _ name: String = "model.safetensors") throws -> URL {
    try Data(bytes).write(to: file(name))
    return file(name)
  }

  @discardableResult
  func write(_ text: String, _ name: String) throws -> URL {
    try write(Array(text.utf8), name)
  }

  /// Names of all files in the folder, sorted.
  var contents: [String] {
    get throws { try FileManager.default.contentsOfDirectory(atPath: url.path).sorted() }
  }
}

/// The bytes of a safetensors file made by hand, right or wrong.
/// - Parameter length: header length to claim instead of the real one.
func fileBytes(header: [UInt8], data: [UInt8], length: UInt64? = nil) -> [UInt8] {
  let length = length ?? UInt64(header.count)
  return (0..<8).map { UInt8(truncatingIfNeeded: length >> (8 * $0)) } + header + data
}

func fileBytes(_ header: String, dataCount: Int = 0) -> [UInt8] {
  fileBytes(header: Array(header.utf8), data: (0..<dataCount).map { UInt8(truncatingIfNeeded: $0) })
}

/// An entry of a header.
func entry(_ name: String, _ type: String, _ shape: String, _ begin: Int, _ end: Int) -> String {
  "\"\(name)\":{\"dtype\":\"\(type)\",\"shape\":\(shape),\"data_offsets\":[\(begin),\(end)]}"
}

/// The error that opening a file throws, or nil if it opens.
func openingError(_ url: URL) -> CheckpointError? {
  do throws(CheckpointError) {
    _ = try SafeTensorsFile(url: url)
    return nil
  } catch {
    return error
  }
}

/// Writes tensors given as bytes.
func write(
  _ tensors: [(name: String, type: ElementType, shape: [Int], bytes: [UInt8])], to url: URL,
  metadata: [String: String] = [:]
) throws {
  let writer = try SafeTensorsWriter(
    url: url, entries: tensors.map { ($0.name, $0.type, $0.shape) }, metadata: metadata)
  for tensor in tensors { try tensor.bytes.withUnsafeBytes { try writer.append($0) } }
  try writer.finish()
}

/// A small file with one tensor of 4 bytes for each name.
func writeShard(_ names: [String], to url: URL) throws {
  try write(names.map { ($0, .F32, [1], [1, 2, 3, 4]) }, to: url, metadata: ["format": "pt"])
}
