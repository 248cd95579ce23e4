/// What the commands say they are; `CHANGELOG.md` says what that holds.
public enum Version {
  public static let number = "0.1.0"

  /// What a command's `--version` prints.
  public static func of(_ command: String) -> String { "\(command) \(number)" }
}
