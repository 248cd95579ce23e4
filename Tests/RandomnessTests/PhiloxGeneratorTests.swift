import Foundation
import Randomness
import Testing

@Suite struct PhiloxGeneratorTests {
  /// What AUTOMATIC1111's documentation prints; six decimals.
  @Test func drawsWhatACUDAGeneratorDraws() {
    var generator = PhiloxGenerator(seed: 0)
    let first: [Float] = [
      -0.924663, -0.425344, -2.643846, 0.145184, -0.120867, -0.579726, -0.622851, -0.328387,
      -1.074542, -0.363144, -1.671051, 2.265505,
    ]
    #expect(isClose(generator.normals(12), first, tolerance: 1e-5))
    let second: [Float] = [0.180826, -0.552263, 0.923813, -0.734970]
    #expect(isClose(generator.normals(4), second, tolerance: 1e-5))
    generator = PhiloxGenerator(seed: 42)
    let other: [Float] = [0.194019, 2.161374, -0.172051, 0.849060]
    #expect(isClose(generator.normals(4), other, tolerance: 1e-5))
  }

  /// The counter is the element's index, so a longer draw begins with a shorter one.
  @Test func elementsDoNotDependOnTheCount() {
    var (short, long) = (PhiloxGenerator(seed: 9), PhiloxGenerator(seed: 9))
    #expect(short.normals(10) == Array(long.normals(1000).prefix(10)))
    #expect(short.normals(10) == Array(long.normals(10)))
  }

  @Test func allBitsOfTheSeedCount() {
    var (low, high) = (PhiloxGenerator(seed: 42), PhiloxGenerator(seed: 42 + 1 << 32))
    #expect(low.normals(4) != high.normals(4))
  }

  @Test func numbersAreDistributedAsNamed() {
    var generator = PhiloxGenerator(seed: 3)
    let uniforms = generator.uniforms(100_000).map(Double.init)
    let normals = generator.normals(100_000).map(Double.init)
    #expect(uniforms.allSatisfy { (0..<1).contains($0) })
    // Five standard errors: √(1/12)/√n = 9.1e-4 and 1/√n = 3.2e-3; of a variance √2/√n = 4.5e-3.
    #expect(abs(uniforms.reduce(0, +) / 1e5 - 0.5) < 4.6e-3)
    #expect(abs(normals.reduce(0, +) / 1e5) < 1.6e-2)
    #expect(abs(normals.reduce(0) { $0 + $1 * $1 } / 1e5 - 1) < 2.3e-2)
  }

  @Test func continuesFromSavedState() throws {
    var generator = PhiloxGenerator(seed: .max)
    _ = generator.normals(5)
    var restored = try JSONDecoder().decode(
      PhiloxGenerator.self, from: JSONEncoder().encode(generator))
    #expect(restored == generator)
    #expect(restored.normals(50) == generator.normals(50))
  }

  @Test func bothGeneratorsServeAsSource() {
    func draw(_ source: any RandomNumberSource) -> [Float] {
      var source = source
      return source.normals(20) + source.uniforms(20)
    }
    #expect(draw(TorchGenerator(seed: 1)) != draw(PhiloxGenerator(seed: 1)))
  }
}
