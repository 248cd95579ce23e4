import Diffusion
import TensorCore
import TestSupport
import Testing

@Suite struct GuidanceTests {
  private func prediction(seed: UInt64) -> Tensor {
    var random = TestRandom(seed: seed)
    return random.tensor([2, 3, 2, 4])
  }

  @Test(arguments: [Float(0), 1, 2.5, 7.5])
  func combination(scale: Float) {
    let (u, c) = (prediction(seed: 1), prediction(seed: 2))
    let expected = zip(u.floats(), c.floats()).map { $0 + scale * ($1 - $0) }
    // `(1 − s) u + s c` rounds otherwise than `u + s (c − u)`: a few ulps of the largest term.
    expectClose(
      Guidance(scale: scale).combine(unconditional: u, conditional: c).floats(), expected,
      atol: 1e-5, "guidance \(scale)")
  }

  @Test func scaleOneIsOff() {
    #expect(!Guidance(scale: 1).isOn)
    #expect(Guidance(scale: 1.5).isOn)
  }

  /// Lin et al. 2024, §3.4: each picture's deviation is pulled to the conditional prediction's.
  @Test(arguments: [Float(0.3), 0.7, 1])
  func rescaling(share: Float) {
    let (u, c) = (prediction(seed: 3), prediction(seed: 4))
    let plain = Guidance(scale: 6).combine(unconditional: u, conditional: c)
    let found = Guidance(scale: 6, rescale: share).combine(unconditional: u, conditional: c)
    let size = u.count / 2
    var expected: [Float] = []
    for row in 0..<2 {
      let part = Array(plain.floats()[(row * size)..<((row + 1) * size)])
      let conditional = Array(c.floats()[(row * size)..<((row + 1) * size)])
      let ratio = deviation(conditional) / deviation(part)
      expected += part.map { Float(Double($0) * (Double(share) * ratio + 1 - Double(share))) }
    }
    expectClose(found.floats(), expected, atol: 1e-5, rtol: 1e-5, "rescaled by \(share)")
  }

  private func deviation(_ values: [Float]) -> Double {
    let n = Double(values.count)
    let mean = values.reduce(0.0) { $0 + Double($1) } / n
    let squares = values.reduce(0.0) { $0 + (Double($1) - mean) * (Double($1) - mean) }
    return (squares / (n - 1)).squareRoot()
  }
}
