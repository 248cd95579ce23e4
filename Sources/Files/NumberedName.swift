/// Numbers in file names.
public enum NumberedName {
  /// A number with zeros in front, so that names sort as the numbers do; longer ones stay as they are.
  public static func padded(_ number: Int, digits: Int) -> String {
    let text = String(number)
    return String(repeating: "0", count: max(0, digits - text.count)) + text
  }
}
