import NN
import TensorCore

/// Weights of one model in safetensors files.
public struct CheckpointSource: ParameterSource {
  let file: TensorFile

  public init(_ file: TensorFile) { self.file = file }

  public var description: String { file.path }
  public var keys: [String] { file.keys }
  public func shape(of key: String) -> [Int]? { file.shape(of: key) }
  public func tensor(_ key: String, shape: [Int], initializer: Initializer) -> Tensor? {
    file.optionalTensor(key)
  }
}
