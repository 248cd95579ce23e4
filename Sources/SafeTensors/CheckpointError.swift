/// What is wrong with a checkpoint file. Every description is one line that names the file.
public enum CheckpointError: Error, Equatable, CustomStringConvertible {
  /// The file cannot be opened, mapped or found.
  case unreadable(path: String, reason: String)
  /// Not a safetensors file; says what it looks like.
  case wrongFormat(path: String, looksLike: String)
  /// The header is not what the format demands.
  case badHeader(path: String, reason: String)
  /// The header is fine, but the file ends before its data does.
  case truncated(path: String, missingBytes: Int)
  /// One tensor's entry contradicts itself, its neighbours or the file.
  case badTensor(path: String, name: String, reason: String)
  /// A tensor asked for is not there.
  case missingTensor(path: String, name: String)
  /// A tensor asked for has another shape.
  case wrongShape(path: String, name: String, expected: [Int], found: [Int])
  /// The index of a sharded checkpoint does not fit its shards.
  case badIndex(path: String, reason: String)
  /// None of the formats of weights.
  case notACheckpoint(path: String, what: String)
  /// A file of that format contradicts itself or ends early.
  case damaged(path: String, format: String, reason: String)
  /// A pickle asks for something weights have no use for; it was not and will not be executed.
  case refusedPickle(path: String, what: String)
  /// The format allows it, this reader does not take it.
  case unsupported(path: String, what: String)
  /// The file cannot be created, written or renamed.
  case unwritable(path: String, reason: String)

  public var description: String {
    switch self {
    case .unreadable(let path, let reason): "\(path): \(reason)"
    case .wrongFormat(let path, let looksLike): "\(path): not a safetensors file, \(looksLike)"
    case .badHeader(let path, let reason):
      "\(path): damaged safetensors header: \(reason.printable)"
    case .truncated(let path, let missing):
      "\(path): truncated download, \(missing) bytes are missing; fetch it again"
    case .badTensor(let path, let name, let reason):
      "\(path): tensor \(name.printable): \(reason.printable)"
    case .missingTensor(let path, let name): "\(path): has no tensor \(name.printable)"
    case .wrongShape(let path, let name, let expected, let found):
      "\(path): tensor \(name.printable) has shape \(found) instead of \(expected)"
    case .badIndex(let path, let reason): "\(path): \(reason.printable)"
    case .notACheckpoint(let path, let what): "\(path): is a file of another kind, \(what.printable)"
    case .damaged(let path, let format, let reason):
      "\(path): damaged \(format) file: \(reason.printable); fetch it again"
    case .refusedPickle(let path, let what):
      "\(path): refused, its pickle \(what.printable); weights need nothing of that kind, do not use the file"
    case .unsupported(let path, let what): "\(path): \(what.printable)"
    case .unwritable(let path, let reason): "\(path): cannot be written: \(reason)"
    }
  }
}

extension String {
  /// The text on one line of bounded length: names in hostile files hold anything.
  fileprivate var printable: String {
    let limit = 300
    var out = String.UnicodeScalarView()
    for (index, scalar) in unicodeScalars.enumerated() {
      if index == limit { return String(out) + "…" }
      switch scalar.properties.generalCategory {
      case .control, .lineSeparator, .paragraphSeparator: out.append("\u{FFFD}")
      default: out.append(scalar)
      }
    }
    return String(out)
  }
}
