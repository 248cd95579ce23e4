/// Why a picture could not be made.
public enum GenerationError: Error, Equatable, CustomStringConvertible {
  case noModel(path: String, reason: String)
  case badValue(name: String, value: String, reason: String)
  case unsupported(what: String)
  /// A stage gave NaN or an infinity.
  case notFinite(stage: String, value: String, cause: String)

  public var description: String {
    switch self {
    case .noModel(let path, let reason): "\(path): \(reason)"
    case .badValue(let name, let value, let reason): "\(name) \(value): \(reason)"
    case .unsupported(let what): "\(what)"
    case .notFinite(let stage, let value, let cause): "\(stage) gave values that are no numbers (\(value)): \(cause)"
    }
  }
}
