import Images

/// How values of one kind are read, written and bounded.
struct SettingForm<Value: Sendable & Equatable>: Sendable {
  /// What a value is, in words.
  var expects: String
  /// Texts of two or more different values.
  var samples: [String]
  /// Reads a text; nil for one that says nothing. Throws `SettingProblem`.
  var read: @Sendable (String) throws -> Value?
  /// Writes a value so that `read` gives it back.
  var write: @Sendable (Value) -> String
  var json: @Sendable (Value) -> SettingJSON
  /// What is wrong with a value that could be read.
  var problem: @Sendable (Value) -> SettingProblem? = { _ in nil }
  /// One text for each value that `Value` holds; nil for one alone.
  var several: (@Sendable (Value) -> [String])?
  /// What a layer holds after one more value is read.
  var joined: @Sendable (Value?, Value) -> Value = { $1 }

  func texts(_ value: Value) -> [String] { several?(value) ?? [write(value)] }
}

// MARK: - Numbers

extension SettingForm where Value == Int {
  static func whole(_ range: ClosedRange<Int>, _ unit: String = "") -> SettingForm {
    let bounds = "\(range.lowerBound) to \(range.upperBound)\(unit)"
    return SettingForm(
      expects: "a whole number from \(range.lowerBound) to \(range.upperBound)",
      samples: ["\(range.lowerBound)", "\(min(range.lowerBound + 64, range.upperBound))"],
      read: { text in
        guard let value = WrittenNumber.whole(text) else {
          throw text.isEmpty ? .none : SettingProblem.mustBe("a whole number\(WrittenNumber.advice(text))")
        }
        return value
      }, write: { "\($0)" }, json: { $0 < 0 ? .negative(Int64($0)) : .whole(UInt64($0)) },
      problem: { range.contains($0) ? nil : .mustBe(bounds) })
  }
}

extension SettingForm where Value == Double {
  static func decimal(_ range: ClosedRange<Double>, _ unit: String = "") -> SettingForm {
    let bounds = SettingText.bounds(range, unit)
    return SettingForm(
      expects: range.isOpen ? "a number" : "a number from \(bounds)", samples: SettingText.samples(range),
      read: { try SettingText.number($0) }, write: { SettingText.short($0) }, json: { .decimal($0) },
      problem: { range.contains($0) ? nil : .mustBe(bounds) })
  }
}

extension SettingForm where Value == Float {
  static func single(_ range: ClosedRange<Double>, _ unit: String = "") -> SettingForm {
    let bounds = SettingText.bounds(range, unit)
    return SettingForm(
      expects: range.isOpen ? "a number below 3e38" : "a number from \(bounds)", samples: SettingText.samples(range),
      read: { text in
        let value = Float(try SettingText.number(text))
        guard value.isFinite else { throw SettingProblem.mustBe("below 3e38") }
        return value
      }, write: { SettingText.short($0) }, json: { .decimal(Double("\($0)") ?? Double($0)) },
      problem: { $0.isFinite && range.contains(Double($0)) ? nil : .mustBe(bounds) })
  }
}

extension SettingForm where Value == UInt64 {
  /// - Parameter isOptional: whether -1 says nothing.
  static func seed(isOptional: Bool = false) -> SettingForm {
    SettingForm(
      expects: "a whole number from 0 to \(UInt64.max)", samples: ["5", "\(UInt64.max)"],
      read: { text in
        if isOptional, WrittenNumber.whole(text) == -1 { return nil }
        return try SettingText.seed(text)
      }, write: { "\($0)" }, json: { .whole($0) })
  }
}

extension SettingForm where Value == SeedChoice {
  static let seedChoice = SettingForm(
    expects: "a whole number from 0 to \(UInt64.max), or -1 for any", samples: ["5", "\(UInt64.max)"],
    read: { WrittenNumber.whole($0) == -1 ? .drawn : .given(try SettingText.seed($0)) },
    write: { choice in if case .given(let seed) = choice { "\(seed)" } else { "-1" } },
    json: { choice in if case .given(let seed) = choice { .whole(seed) } else { .negative(-1) } })
}

extension SettingText {
  /// Throws for a text that is no number.
  static func number(_ text: String) throws(SettingProblem) -> Double {
    guard let value = WrittenNumber.decimal(text) else {
      throw text.isEmpty ? .none : .mustBe("a number\(WrittenNumber.advice(text))")
    }
    return value
  }

  /// Throws for a text that is no seed.
  static func seed(_ text: String) throws(SettingProblem) -> UInt64 {
    guard let value = WrittenNumber.unsigned(text) else {
      throw text.isEmpty ? .none : .mustBe("a whole number, 0 or more, or -1 to draw one")
    }
    return value
  }

  static func bounds(_ range: ClosedRange<Double>, _ unit: String) -> String {
    let low = short(range.lowerBound)
    return range.isOpen ? "\(low)\(unit) or more" : "\(low) to \(short(range.upperBound))\(unit)"
  }

  static func samples(_ range: ClosedRange<Double>) -> [String] {
    let high = min(range.upperBound, range.lowerBound + 3)
    return [short(range.lowerBound + (high - range.lowerBound) / 4), short(high)]
  }
}

extension ClosedRange<Double> {
  /// Without an upper end.
  static func from(_ low: Double) -> ClosedRange { low...Double.greatestFiniteMagnitude }
  fileprivate var isOpen: Bool { upperBound == .greatestFiniteMagnitude }
}

// MARK: - Words

extension SettingForm where Value == String {
  /// Any text.
  static let words = SettingForm(
    expects: "a text", samples: ["a cat", "a dog, \"red\""], read: { $0 }, write: { $0 }, json: { .text($0) })

  /// A text that is not empty.
  /// - Parameter problem: what is wrong with one, besides.
  static func name(
    samples: [String] = ["a", "b.c"], expects: String = "a name",
    problem: @escaping @Sendable (String) -> SettingProblem? = { _ in nil }
  ) -> SettingForm {
    SettingForm(
      expects: expects, samples: samples,
      read: { text in
        guard !text.isEmpty else { throw SettingProblem.none }
        return text
      }, write: { $0 }, json: { .text($0) }, problem: problem)
  }
}

extension SettingForm where Value == [String] {
  /// Texts that are not empty, one each time.
  static func list(
    samples: [String], problem: @escaping @Sendable (String) -> SettingProblem? = { _ in nil }
  ) -> SettingForm {
    SettingForm(
      expects: "a text, or several", samples: samples,
      read: { text in
        guard !text.isEmpty else { throw SettingProblem.none }
        return [text]
      }, write: { $0.joined(separator: ", ") }, json: { .list($0) },
      problem: { values in values.lazy.compactMap(problem).first }, several: { $0 }, joined: { ($0 ?? []) + $1 })
  }
}

extension SettingForm where Value == Bool {
  static let flag = SettingForm(
    expects: "True or False", samples: ["true", "false"],
    read: { text in
      switch text.lowercased() {
      case "true", "": true
      case "false": false
      default: throw SettingProblem.mustBe("true or false")
      }
    }, write: { "\($0)" }, json: { .flag($0) })
}

extension SettingForm where Value: RawRepresentable & CaseIterable, Value.RawValue == String {
  /// One of an enum's names.
  /// - Parameter read: finds the value of another spelling.
  static func choice(
    _ read: @escaping @Sendable (String) -> Value? = { Value(rawValue: $0.lowercased()) }
  ) -> SettingForm {
    let names = Value.allCases.map(\.rawValue)
    return SettingForm(
      expects: "one of \(names.joined(separator: ", "))", samples: names,
      read: { text in
        guard let value = read(text) else {
          throw text.isEmpty ? .none : SettingProblem.mustBe("one of \(names.joined(separator: ", "))")
        }
        return value
      }, write: { $0.rawValue }, json: { .text($0.rawValue) })
  }
}

extension SettingForm {
  /// Values that are written as one text.
  /// - Parameter read: throws what is wrong, nil for no such value.
  static func text(
    expects: String, samples: [String], read: @escaping @Sendable (String) throws -> Value?,
    write: @escaping @Sendable (Value) -> String, problem: @escaping @Sendable (Value) -> SettingProblem? = { _ in nil }
  ) -> SettingForm {
    SettingForm(
      expects: expects, samples: samples,
      read: { text in
        guard !text.isEmpty else { throw SettingProblem.none }
        guard let value = try read(text) else { throw SettingProblem.mustBe(expects) }
        return value
      }, write: write, json: { .text(write($0)) }, problem: problem)
  }
}
