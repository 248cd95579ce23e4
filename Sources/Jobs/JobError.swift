import Conditioning
import Diffusion

/// Why a job cannot be run.
public enum JobError: Error, Equatable, CustomStringConvertible {
  /// A setting this version has no code for.
  case notInThisVersion(what: String)
  case badValue(name: String, value: String, reason: String)
  case badLine(path: String, line: Int, reason: String)
  /// A setting no model or picture can work with.
  case badSetting(GenerationError)
  /// A setting that could change nothing.
  case idle(name: String, needs: String)
  /// Something every such job needs.
  case missing(what: String, advice: String)
  case unreadable(path: String, reason: String)

  /// What settings threw.
  init(_ error: any Error) {
    switch error {
    case let error as JobError: self = error
    case let error as GenerationError: self = .badSetting(error)
    default: self = .badSetting(.unsupported(what: "\(error)"))
    }
  }

  public var description: String {
    switch self {
    case .notInThisVersion(let what): "\(what): not in this version"
    case .badValue(let name, let value, let reason): "\(name) \(value): \(reason)"
    case .badLine(let path, let line, let reason): "\(path):\(line): \(reason)"
    case .badSetting(let error): error.description
    case .idle(let name, let needs): "\(name) has nothing to act on: it needs \(needs)"
    case .missing(let what, let advice): "\(what) is missing: \(advice)"
    case .unreadable(let path, let reason): "\(path): \(reason)"
    }
  }
}
