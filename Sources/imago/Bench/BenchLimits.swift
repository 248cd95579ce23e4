import ArgumentParser

/// What numbers benchmarks take.
enum BenchLimits {
  /// Throws wrong usage for a number outside of `range`.
  static func check(_ name: String, _ value: Int, _ range: ClosedRange<Int>) throws {
    guard range ~= value else {
      throw ValidationError("\(name) \(value): must be \(range.lowerBound) to \(range.upperBound)")
    }
  }

  /// The side of a picture, in pixels.
  static func check(size: Int, multipleOf step: Int = 64) throws {
    guard 64...16384 ~= size, size % step == 0 else {
      throw ValidationError("--size \(size): must be a multiple of \(step) from 64 to 16384")
    }
  }

  /// Rows of a call, or pictures of a step.
  static func check(batch: Int) throws { try check("--batch", batch, 1...1_000_000) }
}
