import Conditioning
import Generation

/// What is wrong with a value.
package enum SettingProblem: Error, Equatable {
  /// There is none.
  case none
  /// What it is to be.
  case mustBe(String)
  /// The name is no setting's; or why it is none here.
  case unknown(String?)
  /// All there is to say.
  case told(String)

  /// One line.
  /// - Parameters:
  ///   - name: what the value was given as, in the words of whoever reads it.
  ///   - value: as it was given.
  func message(_ name: String, _ value: String) -> String {
    switch self {
    case .none: "\(name) has no value"
    case .mustBe(let what): "\(name) \(value): must be \(what)"
    case .unknown(nil): "\(name) is no setting of a picture"
    case .unknown(let reason?): "\(name): \(reason)"
    case .told(let text): text
    }
  }

  /// What is wrong with a value that is known to be one of a setting.
  package var reason: String {
    switch self {
    case .none: "has no value"
    case .mustBe(let what): "must be \(what)"
    case .unknown(let reason): reason ?? "is no setting of a picture"
    case .told(let text): text
    }
  }

  /// As what is wrong with a job.
  func error(_ name: String, _ value: String) -> JobError {
    .badSetting(.unsupported(what: message("`\(name)`", value)))
  }

  /// What reading threw.
  package init(_ error: any Error) {
    switch error {
    case let problem as SettingProblem: self = problem
    // Who reads the value knows its name.
    case GenerationError.badValue(_, _, let reason) where reason.hasPrefix("must be "):
      self = .mustBe(String(reason.dropFirst("must be ".count)))
    default: self = .told("\(error)")
    }
  }
}
