import Checkpoints
import Foundation
import TensorCore

/// The named tensors of an adapter file, whatever its container.
struct AdapterTensors: Sendable {
  let path: String
  let keys: [String]
  let metadata: [String: String]
  private let file: TensorFile

  /// Opens a file by its content.
  init(_ url: URL) throws {
    file = try TensorFile(url)
    (path, keys, metadata) = (file.path, file.keys, file.metadata)
  }

  /// Shape of a tensor, or nil if there is none of that name.
  func shape(of key: String) -> [Int]? { file.shape(of: key) }

  /// A tensor of the file, of floating-point numbers.
  func tensor(_ key: String) throws -> Tensor { try file.floatTensor(key) }

  /// The only number in a tensor, of any type; nil if it holds several or none that is finite.
  func number(_ key: String) -> Float? { file.raw(key)?.number }
}
