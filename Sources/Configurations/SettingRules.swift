/// What is made of each setting of a kind of configuration file, so that none is passed over.
///
/// A file that says more than is computed here stands for another network or schedule, and would give wrong pictures.
/// Settings that begin with `_` are bookkeeping of the program that wrote the file.
public struct SettingRules: Sendable {
  /// What is made of one setting.
  public enum Rule: Sendable {
    /// Understood; nothing is meant by null.
    case read
    /// Understood, null too.
    case readOrNull
    /// Stands for something else than what is built unless it has one of these values, or is a list of them.
    case only([SettingValue])
    /// Changes nothing of what is computed here, whatever its value.
    case ignored
  }

  /// A setting that cannot be followed.
  public struct Problem: Sendable, Equatable {
    public let key: String
    /// What follows the key in a message.
    public let reason: String
  }

  private let rules: [String: Rule]

  public init(_ rules: [String: Rule]) { self.rules = rules }

  /// These rules with others over them.
  public func merging(_ others: [String: Rule]) -> SettingRules {
    SettingRules(rules.merging(others) { _, new in new })
  }

  /// The first setting, by name, that the file has and that cannot be followed.
  /// - Throws: `DecodingError` if the file is no JSON object.
  public func problem(in decoder: any Decoder) throws -> Problem? {
    let values = try decoder.singleValueContainer().decode([String: SettingValue].self)
    return values.sorted { $0.key < $1.key }.lazy.compactMap { self.problem($0.key, $0.value) }.first
  }

  /// What is wrong with one setting, if anything is.
  func problem(_ key: String, _ value: SettingValue) -> Problem? {
    if key.hasPrefix("_") { return nil }
    switch rules[key] {
    case .readOrNull, .ignored: return nil
    case .read: return value == .null ? Problem(key: key, reason: "null is not supported") : nil
    case .only(let accepted):
      if accepted.contains(value) { return nil }
      if case .list(let values) = value, values.allSatisfy(accepted.contains) { return nil }
      let names = accepted.map(\.description).joined(separator: " or ")
      return Problem(key: key, reason: "\(value) is not supported, only \(names)")
    case nil:
      // What is not on cannot be missed.
      return value.isOff
        ? nil
        : Problem(
          key: key,
          reason: "\(value) is a setting this version does not know: the model may need it; take it out if it does not")
    }
  }
}
