import Checkpoints
import Foundation
import TensorCore
import TestSupport

/// A copy of the small Stable Diffusion folder, complete with tokenizer, that a test may damage.
/// Removed afterwards.
package final class ScratchModel {
  package let url: URL

  package init() throws {
    let files = FileManager.default
    url = files.temporaryDirectory.appendingPathComponent("imago-test-\(UUID().uuidString)")
    try files.copyItem(at: fixtureURL("reference/sd1_tiny"), to: url)
    try files.copyItem(
      at: fixtureURL("clip_tokenizer"), to: url.appendingPathComponent("tokenizer"))
  }

  deinit { try? FileManager.default.removeItem(at: url) }

  /// A file of the folder by its path.
  package func file(_ path: String) -> URL { url.appendingPathComponent(path) }

  package func remove(_ path: String) throws { try FileManager.default.removeItem(at: file(path)) }

  package func write(_ data: Data, _ path: String) throws { try data.write(to: file(path)) }

  /// Sets one key of a JSON file.
  package func setValue(_ value: Any, for key: String, in path: String) throws {
    let data = try Data(contentsOf: file(path))
    var object = try JSONSerialization.jsonObject(with: data) as? [String: Any] ?? [:]
    object[key] = value
    try write(JSONSerialization.data(withJSONObject: object), path)
  }

  /// Changes the tensors of a part.
  package func rewriteWeights(_ part: String, _ change: (inout [String: Tensor]) -> Void) throws {
    let path = "\(part)/diffusion_pytorch_model.safetensors"
    let old = try TensorFile(file(path))
    var tensors: [String: Tensor] = [:]
    for key in old.keys { tensors[key] = try old.tensor(key) }
    change(&tensors)
    try TensorFile.write(tensors.sorted { $0.key < $1.key }, to: file(path))
  }
}
