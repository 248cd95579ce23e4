import ArgumentParser
import Images
import Jobs

/// Reads a whole number as people write them: 20, 20.0, +20, 2e1.
@Sendable
public func whole(_ text: String) throws -> Int {
  guard let value = WrittenNumber.whole(text) else {
    let isLarge = WrittenNumber.decimal(text).map { abs($0) > 9e18 } ?? false
    throw ValidationError(isLarge ? "is too large" : "must be a whole number\(WrittenNumber.advice(text))")
  }
  return value
}

/// Reads a whole number that is not negative as people write them.
@Sendable
public func unsigned(_ text: String) throws -> UInt64 {
  guard let value = WrittenNumber.unsigned(text) else {
    throw ValidationError("must be a whole number from 0 to \(UInt64.max)\(WrittenNumber.advice(text))")
  }
  return value
}

/// Reads a number as people write them: 7, 7.5, +7.5, 75e-1.
@Sendable
public func decimal(_ text: String) throws -> Double {
  guard let value = WrittenNumber.decimal(text) else {
    throw ValidationError("must be a number\(WrittenNumber.advice(text))")
  }
  return value
}

/// As `decimal`, within single precision.
@Sendable
public func single(_ text: String) throws -> Float {
  let value = Float(try decimal(text))
  guard value.isFinite else { throw ValidationError("must be a number below 3e38") }
  return value
}

/// Reads a seed as people write them.
@Sendable
public func seedOption(_ text: String) throws -> SeedChoice {
  if let value = WrittenNumber.unsigned(text) { return .given(value) }
  guard WrittenNumber.whole(text) == -1 else {
    throw ValidationError("must be a whole number from 0 to \(UInt64.max), or -1 to draw one")
  }
  return .drawn
}

/// Reads a flag's value as lines of prompt files have it.
/// - Parameters:
///   - name: the setting's.
///   - field: where a job has it.
func setting<Value>(
  _ name: String, _ field: KeyPath<PictureJob, Value?> & Sendable
) -> @Sendable (String) throws -> Value {
  { text in
    var job = PictureJob()
    do {
      try Setting[name]?.set(text, in: &job)
    } catch {
      throw ValidationError(SettingProblem(error).reason)
    }
    guard let value = job[keyPath: field] else { throw ValidationError("has no value") }
    return value
  }
}
