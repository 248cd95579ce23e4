import TensorCore
import Testing

/// Records an issue unless `|actual − expected| ≤ atol + rtol · |expected|` for every element.
///
/// NaN equals NaN and an infinity equals itself. The issue names the worst element and how many are wrong.
public func expectClose(
  _ actual: [Float], _ expected: [Float], atol: Float = 0, rtol: Float = 0, _ what: String = "",
  sourceLocation: SourceLocation = #_sourceLocation
) {
  guard actual.count == expected.count else {
    Issue.record(
      "\(what): \(actual.count) values, expected \(expected.count)", sourceLocation: sourceLocation)
    return
  }
  var worst = (index: 0, excess: Float(0))
  var wrong = 0
  for (index, (a, e)) in zip(actual, expected).enumerated() {
    if a == e || (a.isNaN && e.isNaN) { continue }
    let error = abs(a - e)
    let bound = atol + rtol * abs(e)
    // A NaN or an infinity on one side only makes the comparison false.
    if error <= bound && e.isFinite { continue }
    wrong += 1
    let excess = error.isFinite ? error / max(bound, .leastNormalMagnitude) : .infinity
    if excess > worst.excess { worst = (index, excess) }
  }
  guard wrong > 0 else { return }
  let (a, e) = (actual[worst.index], expected[worst.index])
  Issue.record(
    """
    \(what): \(wrong) of \(actual.count) values differ, worst at \(worst.index): \(a), expected \(e), \
    off by \(abs(a - e)), allowed \(atol + rtol * abs(e))
    """, sourceLocation: sourceLocation)
}

/// The same for tensors, whose shapes and element types must agree too.
public func expectClose(
  _ actual: Tensor, _ expected: Tensor, atol: Float = 0, rtol: Float = 0, _ what: String = "",
  sourceLocation: SourceLocation = #_sourceLocation
) {
  guard actual.shape == expected.shape, actual.dtype == expected.dtype else {
    Issue.record(
      "\(what): \(actual.shape) \(actual.dtype), expected \(expected.shape) \(expected.dtype)",
      sourceLocation: sourceLocation)
    return
  }
  if actual.dtype == .i32 {
    #expect(actual.integers() == expected.integers(), "\(what)", sourceLocation: sourceLocation)
    return
  }
  expectClose(
    actual.floats(), expected.floats(), atol: atol, rtol: rtol, what, sourceLocation: sourceLocation
  )
}
