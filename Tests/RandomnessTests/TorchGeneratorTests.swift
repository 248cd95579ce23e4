import Foundation
import Randomness
import Testing

@Suite struct TorchGeneratorTests {
  /// torch's own vector logarithm and cosine differ by a few 1e-7 between processors, times a
  /// radius of up to 5.8.
  private let tolerance: Float = 1e-5
  private static let seeds: [UInt64] = [0, 1, 42, 1 << 31 + 7, 1_234_567_890_123]

  @Test(arguments: seeds) func drawsWhatTorchDraws(_ seed: UInt64) throws {
    let fixture = try TorchFixture()
    func floats(_ name: String) throws -> [Float] {
      guard case .floats(let values)? = fixture.tensors[name] else {
        throw CocoaError(.fileReadCorruptFile)
      }
      return values
    }
    for count in [1, 7, 15, 16, 17, 64, 256, 1003] {
      var generator = TorchGenerator(seed: seed)
      let expected = try floats("randn.seed\(seed).n\(count)")
      #expect(isClose(generator.normals(count), expected, tolerance: tolerance), "\(count)")
    }
    var generator = TorchGenerator(seed: seed)
    for (name, count) in [("a", 16), ("b", 5), ("c", 40)] {
      let expected = try floats("randn_seq.seed\(seed).\(name)\(count)")
      #expect(isClose(generator.normals(count), expected, tolerance: tolerance), "\(name)")
    }
    generator = TorchGenerator(seed: seed)
    #expect(generator.uniforms(33) == (try floats("rand.seed\(seed).n33")))
    generator = TorchGenerator(seed: seed)
    #expect(
      .integers(generator.integers(33, in: 0..<1000))
        == fixture.tensors["randint1000.seed\(seed).n33"])
    generator = TorchGenerator(seed: seed)
    #expect(.integers(generator.permutation(20)) == fixture.tensors["randperm.seed\(seed).n20"])
  }

  /// Printed by torch 2.15.
  @Test func drawsIntegersOfAllSizes() {
    func integers(_ range: Range<Int>) -> [Int] {
      var generator = TorchGenerator(seed: 0)
      return generator.integers(4, in: range)
    }
    #expect(integers(-5..<7) == [3, -2, 0, -5])
    #expect(
      integers(0..<(1 << 32)) == [2_546_248_239, 3_626_093_760, 3_684_848_379, 3_638_918_503])
    #expect(
      integers(0..<(1 << 32 - 1)) == [608_416_988, 2_402_841_398, 1_978_730_047, 1_684_206_635])
    #expect(
      integers(0..<(1 << 40)) == [
        741_280_623_151, 506_137_267_392, 291_447_657_211, 841_157_541_223,
      ])
  }

  /// Printed by torch 2.15.
  @Test func permutesLongLists() {
    var generator = TorchGenerator(seed: 42)
    let numbers = generator.permutation(70_000)
    #expect(numbers.prefix(4) == [37_542, 64_941, 23_546, 30_182])
    #expect(numbers.suffix(4) == [14_807, 24_027, 42_492, 518])
    #expect(numbers.sorted() == Array(0..<70_000))
    #expect(generator.permutation(0) == [])
    #expect(generator.permutation(1) == [0])
  }

  /// A normal left over from an odd count outlives other draws. Printed by torch 2.15.
  @Test func keepsTheSecondNormalOfAPair() {
    var generator = TorchGenerator(seed: 0)
    _ = generator.normals(5)
    #expect(
      generator.uniforms(3) == [0.022325754165649414, 0.16885894536972046, 0.2938884496688843])
    #expect(
      isClose(generator.normals(2), [-1.3985954523086548, 0.6035430431365967], tolerance: 1e-6))
    generator = TorchGenerator(seed: 42)
    _ = generator.normals(3)
    _ = generator.normals(16)
    #expect(isClose(generator.normals(1), [0.23033303022384644], tolerance: 1e-6))
  }

  /// The noise of a 512² picture, as several public implementations print it.
  @Test(
    arguments: [
      (0, [-1.040714, 0.090784, -1.366470, -1.078208], -0.007575, 1.004177),
      (42, [-0.811144, -0.635750, 0.972810, -0.293406], 0.009141, 1.003991),
    ] as [(UInt64, [Float], Double, Double)])
  func drawsLatents(_ seed: UInt64, _ last: [Float], _ mean: Double, _ deviation: Double) {
    var generator = TorchGenerator(seed: seed)
    let latents = generator.normals(4 * 64 * 64)
    #expect(isClose(Array(latents.suffix(4)), last, tolerance: tolerance))
    let (sum, squares) = latents.reduce((0.0, 0.0)) {
      ($0.0 + Double($1), $0.1 + Double($1) * Double($1))
    }
    let count = Double(latents.count)
    // Six decimals were printed.
    #expect(abs(sum / count - mean) < 2e-6)
    let variance = (squares - sum * sum / count) / count
    #expect(abs(variance.squareRoot() - deviation) < 2e-6)
  }

  @Test func ignoresTheHighHalfOfTheSeed() {
    var (low, high) = (TorchGenerator(seed: 42), TorchGenerator(seed: 42 + 1 << 32))
    #expect(low.normals(5) == high.normals(5))
  }

  /// Our own logarithm, sine and cosine against the system's, in double precision.
  @Test func transformsAccurately() {
    var (generator, copy) = (TorchGenerator(seed: 7), TorchGenerator(seed: 7))
    let (normals, uniforms) = (generator.normals(160_000), copy.uniforms(160_000))
    var worst = 0.0
    for block in stride(from: 0, to: normals.count, by: 16) {
      for index in block..<(block + 8) {
        let radius = (-2 * log(1 - Double(uniforms[index]))).squareRoot()
        // The angle is rounded to float before, as in torch.
        let angle = Double(2 * Float.pi * uniforms[index + 8])
        worst = max(worst, abs(radius * cos(angle) - Double(normals[index])))
        worst = max(worst, abs(radius * sin(angle) - Double(normals[index + 8])))
      }
    }
    // Up to three roundings of 6e-8 of a radius up to 5.8.
    #expect(worst < 1e-6)
  }

  @Test(arguments: [0, 3, 20, 700]) func continuesFromSavedState(_ drawn: Int) throws {
    var generator = TorchGenerator(seed: 5)
    _ = generator.normals(drawn)
    _ = generator.normals(1)
    var restored = try JSONDecoder().decode(
      TorchGenerator.self, from: JSONEncoder().encode(generator))
    #expect(restored == generator)
    #expect(restored.normals(3) == generator.normals(3))
    #expect(restored.normals(1300) == generator.normals(1300))
    #expect(restored.permutation(9) == generator.permutation(9))
  }

  @Test(arguments: [
    "{\"state\": [1, 2], \"position\": 0}",
    "{\"state\": [\(Array(repeating: "1", count: 624).joined(separator: ","))], \"position\": 625}",
    "{\"state\": [\(Array(repeating: "1", count: 624).joined(separator: ","))], \"position\": -1}",
  ])
  func refusesDamagedState(_ text: String) {
    #expect(throws: DecodingError.self) {
      try JSONDecoder().decode(TorchGenerator.self, from: Data(text.utf8))
    }
  }

  @Test func drawsNothing() {
    var generator = TorchGenerator(seed: 0)
    #expect(generator.normals(0) == [] && generator.uniforms(0) == [])
    #expect(generator == TorchGenerator(seed: 0))
  }
}
