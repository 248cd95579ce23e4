import Diffusion

/// Why a job cannot be run.
public enum JobError: Error, Equatable, CustomStringConvertible {
  /// A setting this version has no code for.
  case notInThisVersion(what: String)
  case badValue(name: String, value: String, reason: String)
  case badLine(path: String, line: Int, reason: String)
  /// Something every such job needs.
  case missing(what: String, advice: String)
  case unreadable(path: String, reason: String)

  public var description: String {
    switch self {
    case .notInThisVersion(let what): "\(what): not in this version"
    case .badValue(let name, let value, let reason): "\(name) \(value): \(reason)"
    case .badLine(let path, let line, let reason): "\(path):\(line): \(reason)"
    case .missing(let what, let advice): "\(what) is missing: \(advice)"
    case .unreadable(let path, let reason): "\(path): \(reason)"
    }
  }
}
