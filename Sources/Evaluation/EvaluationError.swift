/// Why something cannot be measured. Every description is one line.
public enum EvaluationError: Error, Equatable, CustomStringConvertible {
  /// A file of a network that features cannot be taken from.
  case network(path: String, reason: String)
  /// A file of a linear probe that does not fit.
  case probe(path: String, reason: String)
  /// Pictures, captions or labels that are not there.
  case noData(path: String, reason: String)
  /// Something that does not go with what was given.
  case cannot(String)

  public var description: String {
    switch self {
    case .network(let path, let reason), .probe(let path, let reason), .noData(let path, let reason):
      "\(path): \(reason)"
    case .cannot(let reason): reason
    }
  }
}
