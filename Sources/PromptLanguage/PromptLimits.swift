/// How much a prompt may hold. Everything that reads prompts takes time in proportion to their length within these.
public enum PromptLimits {
  /// Code points.
  public static let characters = 100_000
  /// Brackets open at the same time.
  public static let nesting = 200
  /// Combining marks in a row. Comparing characters takes time by the square of their marks.
  public static let marks = 64
  /// Texts joined by AND, each of which is another call of the network in every step.
  public static let parts = 64

  /// Throws the first limit that a prompt is beyond, before any of it is worked on.
  /// - Parameters:
  ///   - isNegative: AND is text in negative prompts.
  ///   - isLiteral: brackets are text too.
  public static func check(
    _ prompt: String, isNegative: Bool = false, isLiteral: Bool = false
  ) throws(PromptProblem) {
    let count = prompt.unicodeScalars.count
    guard count <= characters else {
      throw limit("has \(count) characters; at most \(characters) are read: shorten it")
    }
    if let column = tooManyMarks(prompt) {
      throw PromptProblem(
        kind: .limit, column: column, message: "more than \(marks) combining marks in a row: leave some out")
    }
    guard !isLiteral else { return }
    try checkNesting(prompt)
    guard !isNegative else { return }
    let joined = Prompt(prompt).parts
    guard joined.count <= parts else {
      throw limit("joins \(joined.count) texts by AND; at most \(parts) are: leave some out")
    }
    for part in joined where !part.weight.isFinite {
      throw limit("the weight at the end of a text is too large: take one near 1")
    }
  }

  /// Where a text has more combining marks in a row than are read, in code points from 1; nil if it has not.
  public static func tooManyMarks(_ text: some StringProtocol) -> Int? {
    var count = 0
    for (column, scalar) in zip(1..., text.unicodeScalars) {
      count = scalar.value >= 0x300 && scalar.properties.canonicalCombiningClass != .notReordered ? count + 1 : 0
      if count > marks { return column }
    }
    return nil
  }

  private static func checkNesting(_ prompt: String) throws(PromptProblem) {
    var (round, square, isEscaped) = (0, 0, false)
    for (column, scalar) in zip(1..., prompt.unicodeScalars) {
      if isEscaped {
        isEscaped = false
        continue
      }
      switch scalar {
      case "\\": isEscaped = true
      case "(": round += 1
      case "[": square += 1
      case ")": round = max(round - 1, 0)
      case "]": square = max(square - 1, 0)
      default: break
      }
      guard round + square <= nesting else {
        throw PromptProblem(
          kind: .limit, column: column,
          message: "more than \(nesting) brackets are open at once: close some, or write \\\(scalar) for text")
      }
    }
  }

  private static func limit(_ message: String) -> PromptProblem {
    PromptProblem(kind: .limit, column: nil, message: message)
  }
}
