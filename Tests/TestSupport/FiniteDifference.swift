/// The gradient of `function` at `point` by central differences of fourth order.
///
/// - Parameter step: distance h between samples. The error is h⁴/30 times the fifth derivative plus 1.5 ε/h times the
///   value, ε being the precision of `function`; for float32 functions of slope near 1 the default leaves about 1e-5.
public func finiteDifference(
  at point: [Float], step: Float = 0x1p-5, _ function: ([Float]) -> Double
) -> [Double] {
  point.indices.map { index in
    func sample(_ multiple: Float) -> (value: Double, position: Double) {
      var moved = point
      moved[index] += multiple * step
      return (function(moved), Double(moved[index]))
    }
    let (near, far) = ((sample(1), sample(-1)), (sample(2), sample(-2)))
    // The distance that float32 positions really have, not the one asked for.
    let h = (near.0.position - near.1.position) / 2
    return (8 * (near.0.value - near.1.value) - (far.0.value - far.1.value)) / (12 * h)
  }
}
