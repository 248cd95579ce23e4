import Checkpoints
import Foundation
import TensorCore

/// The named tensors of an adapter file, whatever its container.
struct AdapterTensors: Sendable {
  let path: String
  let keys: [String]
  let metadata: [String: String]
  private let source: @Sendable (String) -> Tensor?
  private let shapes: @Sendable (String) -> [Int]?

  /// Opens a file by its content.
  init(_ url: URL) throws {
    let file = try TensorFile(url)
    (path, keys, metadata) = (file.path, file.keys, file.metadata)
    source = { file.optionalTensor($0) }
    shapes = { file.shape(of: $0) }
  }

  /// Shape of a tensor, or nil if there is none of that name.
  func shape(of key: String) -> [Int]? { shapes(key) }

  /// A tensor of the file.
  func tensor(_ key: String) throws -> Tensor {
    guard let tensor = source(key) else {
      throw AdapterError.badValue(path: path, key: key, reason: "has an element type that is not supported")
    }
    return tensor
  }
}
