extension PromptExplanation {
  /// Steps in a row with one text, or with several in turn, as `[a|b]` gives.
  public struct Turns: Sendable, Equatable {
    /// Counted from 1.
    public let firstStep, lastStep: Int
    /// One, or those that take turns.
    public let texts: [String]

    /// Puts stretches of a step each together where their texts come round at least twice.
    public static func groups(_ stretches: [Stretch]) -> [Turns] {
      var groups: [Turns] = []
      var rest = stretches[...]
      while let first = rest.first {
        let (period, count) = turns(rest)
        let run = rest.prefix(max(count, 1))
        groups.append(
          Turns(
            firstStep: first.firstStep, lastStep: run.last?.lastStep ?? first.lastStep,
            texts: run.prefix(max(period, 1)).map(\.text)))
        rest = rest.dropFirst(run.count)
      }
      return groups
    }

    /// The shortest period after which the texts at the start of `stretches` repeat, and for how many of them; 0 for none.
    private static func turns(_ stretches: ArraySlice<Stretch>) -> (period: Int, count: Int) {
      let singles = Array(stretches.prefix { $0.firstStep == $0.lastStep })
      guard singles.count >= 4 else { return (0, 0) }
      for period in 2...(singles.count / 2) {
        let repeated = zip(singles.dropFirst(period), singles).prefix { $0.text == $1.text }.count
        if repeated >= period { return (period, period + repeated) }
      }
      return (0, 0)
    }
  }
}
