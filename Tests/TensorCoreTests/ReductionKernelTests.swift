import Foundation
import TensorCore
import TestSupport
import Testing

@Suite struct ReductionKernelTests {
  @Test(arguments: Setup.all) func sum(_ setup: Setup) {
    let cases: [([Int], [Int])] =
      vectorSizes.flatMap { [([3, $0], [1]), ([$0, 3], [0]), ([$0], [0])] } + [
        ([2, 3, 4, 5], [1, 2]), ([2, 3, 4, 5], [0, 3]), ([2, 3, 4, 5], [0, 1, 2]),
        ([2, 3, 4, 5], []),
        ([2, 3, 4, 5], [0, 1, 2, 3]), ([], []), ([1000, 33], [0]), ([3, 0], [0]), ([2, 0, 3], [0]),
        ([2, 0, 3], [1]), ([9, 5000], [1]),
        ([2, 3, 2, 2, 3, 2], [1, 4]),
      ]
    for (shape, axes) in cases {
      let terms = axes.reduce(1) { $0 * shape[$1] }
      for output in [DType.f32, setup.dtype] {
        compare(setup, reduction: terms, "\(shape) over \(axes) to \(output)") {
          [$0.kernels.sum($0.normal(shape), axes: axes, scale: 0.75, output: output)]
        }
      }
    }
  }

  /// A float32 running sum would be off by hundreds here; blocks keep the error near ε√n.
  @Test(arguments: Setup.all.filter { $0.dtype == .f32 }) func longSum(_ setup: Setup) {
    let n = 1 << 20
    let ones = Tensor(repeating: 0.1, shape: [n], device: setup.device)
    let total = setup.device.kernels.sum(ones, axes: [0], scale: 1, output: .f32).scalar
    expectClose([total], [Float(Double(n) * Double(Float(0.1)))], rtol: 1e-5)
  }

  @Test(arguments: Setup.all) func sumOfSquares(_ setup: Setup) {
    for n in vectorSizes + [4099] {
      let (actual, expected) = pair(setup, [n]) { $0.kernels.sumsOfSquares([$1])[0] }
      #expect(abs(actual - expected) <= 1e-6 * expected, "\(n): \(actual), expected \(expected)")
    }
  }

  @Test(arguments: Setup.all) func totals(_ setup: Setup) {
    for n in vectorSizes + [4099] {
      let (actual, expected) = pair(setup, [n]) { $0.kernels.totals($1).sum }
      #expect(abs(actual - expected) <= 1e-12 * Double(n), "\(n): \(actual), expected \(expected)")
      let sizes = pair(setup, [n]) { $0.kernels.totals($1).magnitude }
      #expect(abs(sizes.0 - sizes.1) <= 1e-12 * Double(n), "\(n): \(sizes)")
    }
  }

  @Test(arguments: Setup.all) func magnitudeQuantile(_ setup: Setup) {
    for (n, share) in [(1, 0.5), (7, 0), (8, 1), (33, 0.995), (64, 0.3)] {
      let (actual, expected) = pair(setup, [n]) { Double($0.kernels.magnitudeQuantile($1, share)) }
      #expect(abs(actual - expected) <= 1e-6 * expected, "\(n), \(share): \(actual), expected \(expected)")
    }
  }

  @Test(arguments: Setup.all.filter { $0.dtype == .f32 }) func crossEntropy(_ setup: Setup) {
    for (rows, width) in [(1, 1), (3, 7), (5, 40), (0, 3)] {
      compare(setup, reduction: width, "\(rows) \(width)") {
        let (value, gradient) = $0.kernels.crossEntropy($0.normal([rows, width]), $0.uniform([rows, width], 0..<1))
        return [value, gradient]
      }
    }
  }

  @Test(arguments: Setup.all) func firstNonFinite(_ setup: Setup) {
    let kernels = setup.device.kernels
    let inputs = Inputs(device: setup.device, dtype: setup.dtype, random: TestRandom(seed: 1))
    for n in vectorSizes {
      let finite = Array(repeating: Float(3e38), count: n)
      #expect(kernels.firstNonFinite(inputs.make(finite, [n], setup.dtype)) == nil)
      for position in Set([0, n / 2, n - 1]) where (0..<n).contains(position) {
        for bad in [Float.nan, .infinity, -.infinity] {
          var values = finite
          values[position] = bad
          values[n - 1] = values[n - 1].isFinite ? .nan : values[n - 1]
          #expect(kernels.firstNonFinite(inputs.make(values, [n], setup.dtype)) == position)
        }
      }
    }
  }

  @Test(arguments: Setup.all) func softmax(_ setup: Setup) {
    for (rows, columns) in [
      (1, 1), (3, 7), (2, 8), (5, 9), (2, 31), (4, 33), (0, 8), (9, 64), (2, 1000),
    ] {
      compare(setup, slack: 2, "\(rows) x \(columns)") {
        let y = $0.kernels.softmax($0.normal([rows, columns]))
        return [y]
      }
      compare(setup, reduction: columns, "\(rows) x \(columns) backward") {
        let y = $0.uniform([rows, columns], 0..<(2 / Float(columns)))
        return [$0.kernels.softmaxBackward(y, $0.normal([rows, columns]))]
      }
    }
  }

  /// Scores of hundreds overflow an exponential that was not shifted by the largest.
  @Test(arguments: Setup.all) func softmaxOfLargeScores(_ setup: Setup) {
    let values: [Float] = [500, 499, -500, 3e38, 1, 0, -3e38, -.infinity, 2, 1000, 1000, 1000]
    compare(setup, slack: 2) { [$0.kernels.softmax($0.make(values, [4, 3], $0.dtype))] }
  }

  private func pair(
    _ setup: Setup, _ shape: [Int], _ body: (Device, Tensor) -> Double
  ) -> (Double, Double) {
    func run(_ device: Device) -> Double {
      var inputs = Inputs(device: device, dtype: setup.dtype, random: TestRandom(seed: 3))
      return body(device, inputs.normal(shape))
    }
    return (run(setup.device), run(.reference))
  }
}
