import TensorCore
import TestSupport
import Testing

@Suite struct MatrixKernelTests {
  /// Rows, outputs, inputs.
  static let cases: [[Int]] =
    vectorSizes.map { [$0, 9, 8] } + vectorSizes.dropFirst().map { [3, $0, 33] }
    + vectorSizes.dropFirst().map { [7, 5, $0] } + [[128, 96, 320]]

  /// Of thousands of sums the worst is some standard deviations off, hence `slack` here and below.
  @Test(arguments: Setup.all, Activation.allCases) func linear(
    _ setup: Setup, _ activation: Activation
  ) {
    for c in Self.cases {
      for (hasBias, hasResidual) in [(false, false), (true, false), (false, true), (true, true)] {
        for weightType in [DType.f32, .bf16, .f16] {
          compare(
            setup, reduction: c[2], roundsOperands: true, slack: 2, "\(c), weight \(weightType)"
          ) {
            let (x, w) = ($0.normal([c[0], c[2]]), $0.normal([c[1], c[2]], weightType))
            let bias = hasBias ? $0.normal([c[1]], .f32) : nil
            let residual = hasResidual ? $0.normal([c[0], c[1]]) : nil
            return [$0.kernels.linear(x, w, bias: bias, residual: residual, activation: activation)]
          }
        }
      }
    }
  }

  @Test(arguments: Setup.all, [DType.f32, .bf16, .f16])
  func linearBackwardInput(_ setup: Setup, _ weightType: DType) {
    for c in Self.cases {
      compare(setup, reduction: c[1], roundsOperands: true, slack: 2, "\(c)") {
        [
          $0.kernels.linearBackwardInput(
            $0.normal([c[0], c[1]]), $0.normal([c[1], c[2]], weightType))
        ]
      }
    }
  }

  @Test(arguments: Setup.all, [false, true]) func linearBackwardWeight(_ setup: Setup, _ bias: Bool) {
    for c in Self.cases {
      compare(setup, reduction: c[0], "\(c)") {
        let (x, dy) = ($0.normal([c[0], c[2]]), $0.normal([c[0], c[1]]))
        let (dw, db) = $0.kernels.linearBackwardWeight(x, dy, bias: bias)
        return [dw, db]
      }
    }
  }

  /// Leading axes of x are rows.
  @Test(arguments: Setup.all) func linearOfHigherRank(_ setup: Setup) {
    compare(setup, reduction: 8, roundsOperands: true) {
      let (x, w) = ($0.normal([2, 3, 2, 8]), $0.normal([5, 8], .f32))
      let y = $0.kernels.linear(x, w, bias: nil, residual: nil, activation: .none)
      return [y, $0.kernels.linearBackwardInput($0.normal([2, 3, 2, 5]), w)]
    }
  }

  /// Which of the two operands are transposed.
  @Test(arguments: Setup.all, [[false, false], [false, true], [true, false], [true, true]])
  func matmul(_ setup: Setup, _ transposed: [Bool]) {
    let (transposeA, transposeB) = (transposed[0], transposed[1])
    for (batchA, batchB) in [(1, 1), (3, 3), (1, 2), (2, 1)] {
      for (m, n, k) in [
        (1, 1, 1), (7, 8, 9), (8, 33, 31), (64, 1, 7), (1, 64, 33), (0, 3, 4), (31, 9, 64),
      ] {
        for output in [setup.dtype, .f32] {
          compare(setup, reduction: k, "\(batchA) \(batchB) \(m) \(n) \(k)") {
            let a = $0.normal([batchA] + (transposeA ? [k, m] : [m, k]))
            let b = $0.normal([batchB] + (transposeB ? [n, k] : [k, n]))
            return [
              $0.kernels.matmul(
                a, b, transposeA: transposeA, transposeB: transposeB, output: output)
            ]
          }
        }
      }
    }
  }
}
