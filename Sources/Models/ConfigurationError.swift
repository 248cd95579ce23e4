import Configurations

/// A model configuration that cannot be built.
public struct ConfigurationError: Error, Equatable, CustomStringConvertible {
  public let model: String
  public let key: String
  public let reason: String

  public init(model: String, key: String, reason: String) {
    (self.model, self.key, self.reason) = (model, key, reason)
  }

  public var description: String { "\(model) configuration: \(key) \(reason)" }

  /// Throws unless `condition` holds.
  static func require(
    _ condition: Bool, _ model: String, _ key: String, _ reason: @autoclosure () -> String
  ) throws(ConfigurationError) {
    if !condition { throw ConfigurationError(model: model, key: key, reason: reason()) }
  }

  /// Throws for a setting of a file that cannot be followed.
  static func check(_ decoder: any Decoder, _ model: String, _ rules: SettingRules) throws {
    if let problem = try rules.problem(in: decoder) {
      throw ConfigurationError(model: model, key: problem.key, reason: problem.reason)
    }
  }
}
