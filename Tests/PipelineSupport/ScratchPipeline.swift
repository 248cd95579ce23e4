import Checkpoints
import Foundation
import ModelFiles
import ReferenceSupport
import SafeTensors
import TestSupport

/// A folder of one test with a small pipeline of the fixtures in it, complete with weights and tokenizers. Removed
/// afterwards.
package final class ScratchPipeline {
  /// Where the test may write.
  package let folder: URL
  /// The pipeline's folder.
  package let model: URL

  /// - Parameter name: a case of `Fixtures/reference`.
  package init(_ name: String) throws {
    let files = FileManager.default
    folder = files.temporaryDirectory.appendingPathComponent("imago-test-\(UUID().uuidString)")
    model = folder.appendingPathComponent(name)
    try files.createDirectory(at: folder, withIntermediateDirectories: false)
    try ReferenceFolder.copy(name, to: model)
  }

  deinit { try? FileManager.default.removeItem(at: folder) }

  package func file(_ name: String) -> URL { folder.appendingPathComponent(name) }

  /// Writes the pipeline as one file and gives its place.
  package func single(_ name: String = "model.safetensors") throws -> URL {
    _ = try ModelWriter(try PipelineFiles(model)).write(to: file(name), as: .single)
    return file(name)
  }

  /// Changes the tensors of a file, and its metadata.
  package func rewrite(
    _ url: URL, metadata: [String: String]? = nil, _ change: (inout [String: RawTensor]) -> Void
  ) throws {
    let old = try TensorFile(url)
    var tensors: [String: RawTensor] = [:]
    for key in old.keys { tensors[key] = old.raw(key) }
    change(&tensors)
    let sorted = tensors.sorted { $0.key < $1.key }
    let writer = try SafeTensorsWriter(
      url: url, entries: sorted.map { ($0.key, $0.value.type, $0.value.shape) }, metadata: metadata ?? old.metadata)
    for (_, tensor) in sorted {
      try tensor.withBytes { (bytes) throws(CheckpointError) in try writer.append(bytes) }
    }
    try writer.finish()
  }
}

/// Whether two tensors have the same type, shape and bits.
package func areEqual(_ a: RawTensor?, _ b: RawTensor?) -> Bool {
  guard let a, let b, a.type == b.type, a.shape == b.shape else { return false }
  return a.withBytes { left in b.withBytes { right in left.elementsEqual(right) } }
}

extension ScratchPipeline {
  /// Claims that a tensor of a file has another type, with as many zeros.
  package func retype(_ url: URL, _ key: String, _ type: String) throws {
    let old = try TensorFile(url)
    guard let type = ElementType(rawValue: type) else { return }
    let entries = old.keys.map { name in
      (name: name, type: name == key ? type : old.entry(name)?.type ?? .F32, shape: old.shape(of: name) ?? [])
    }
    let writer = try SafeTensorsWriter(url: url, entries: entries, metadata: old.metadata)
    for (name, type, shape) in entries {
      if name == key {
        let zeros = [UInt8](repeating: 0, count: type.byteCount(shape: shape) ?? 0)
        try zeros.withUnsafeBytes { try writer.append($0) }
      } else {
        try old.raw(name)?.withBytes { (bytes) throws(CheckpointError) in try writer.append(bytes) }
      }
    }
    try writer.finish()
  }
}
