/// What is wrong with a checkpoint file.
public enum CheckpointError: Error, Equatable, CustomStringConvertible {
  case unreadable(path: String, reason: String)
  /// Not a safetensors file; says what it looks like.
  case wrongFormat(path: String, looksLike: String)
  case badHeader(path: String, reason: String)
  case truncated(path: String, missingBytes: Int)
  case badTensor(path: String, name: String, reason: String)
  case missingTensor(path: String, name: String)
  case wrongShape(path: String, name: String, expected: [Int], found: [Int])
  case badIndex(path: String, reason: String)
  case unwritable(path: String, reason: String)

  public var description: String {
    switch self {
    case .unreadable(let path, let reason): "\(path): \(reason)"
    case .wrongFormat(let path, let looksLike): "\(path): not a safetensors file, \(looksLike)"
    case .badHeader(let path, let reason): "\(path): damaged safetensors header: \(reason)"
    case .truncated(let path, let missing):
      "\(path): truncated download, \(missing) bytes are missing; fetch it again"
    case .badTensor(let path, let name, let reason): "\(path): tensor \(name): \(reason)"
    case .missingTensor(let path, let name): "\(path): has no tensor \(name)"
    case .wrongShape(let path, let name, let expected, let found):
      "\(path): tensor \(name) has shape \(found) instead of \(expected)"
    case .badIndex(let path, let reason): "\(path): \(reason)"
    case .unwritable(let path, let reason): "\(path): cannot be written: \(reason)"
    }
  }
}
