import Testing

/// Records an issue unless the largest difference is at most `tolerance` of the expected values'
/// range.
///
/// The range (largest minus smallest) and not each value is the yardstick: results of networks are
/// sums whose rounding error follows the size of the terms, so a value near zero is as uncertain as
/// its neighbours.
public func expectMatch(
  _ actual: [Float], _ expected: [Float], tolerance: Float, _ what: String,
  sourceLocation: SourceLocation = #_sourceLocation
) {
  guard actual.count == expected.count, !actual.isEmpty else {
    Issue.record(
      "\(what): \(actual.count) values, expected \(expected.count)", sourceLocation: sourceLocation)
    return
  }
  let range = (expected.max() ?? 0) - (expected.min() ?? 0)
  var worst = (index: 0, error: Float(0))
  for (index, (a, e)) in zip(actual, expected).enumerated() {
    // NaN compares false, so a difference that is no number counts as infinite.
    let error = abs(a - e) < .infinity ? abs(a - e) : .infinity
    if error > worst.error { worst = (index, error) }
  }
  let share = range > 0 ? worst.error / range : (worst.error == 0 ? 0 : .infinity)
  guard share > tolerance else { return }
  Issue.record(
    """
    \(what): worst at \(worst.index): \(actual[worst.index]), expected \(expected[worst.index]), \
    off by \(share) of the range \(range), allowed \(tolerance)
    """, sourceLocation: sourceLocation)
}
