import TensorCore
import TestSupport
import Testing

@Suite struct ElementwiseKernelTests {
  @Test(arguments: Setup.all) func fill(_ setup: Setup) {
    for n in vectorSizes {
      compare(setup) { [$0.kernels.fill(1.2345, shape: [n], dtype: $0.dtype, device: $0.device)] }
    }
    compare(setup) { [$0.kernels.fill(-3, shape: [2, 9], dtype: .i32, device: $0.device)] }
  }

  /// Conversions are exact or round to nearest even, so they must agree to the bit.
  @Test(arguments: Setup.all) func convert(_ setup: Setup) {
    let special: [Float] = [
      // No float32 denormals: the bf16 conversion instruction takes them for zero.
      0, -0.0, 1, -1, 0x1.01p0, 0x1.03p0, 65504, 65520, -70000, 6e-8, 2.9e-8, 1e-20, 0x1p-126,
      3.4e38,
      .infinity, -.infinity, .nan, 0x1.FFFFFEp-1, 0x1.0010p0, 0x1.0030p0,
    ]
    let types: [DType] = [.f32, .bf16, .f16]
    for source in types {
      for target in types {
        for n in vectorSizes + [200] {
          compare(setup, slack: 0, "\(source) to \(target), \(n)") {
            [$0.kernels.convert($0.normal([n], source), to: target)]
          }
        }
        compare(setup, slack: 0, "\(source) to \(target), special values") {
          let x = Tensor(special, shape: [special.count], device: .reference).cast(to: source)
          return [$0.kernels.convert($0.make(x.floats(), x.shape, source), to: target)]
        }
      }
    }
  }

  @Test(arguments: Setup.all, BinaryOp.allCases) func binary(_ setup: Setup, _ op: BinaryOp) {
    let cases: [([Int], [Int])] =
      vectorSizes.map { ([3, $0], [3, $0]) } + [
        ([], []), ([5, 7], []), ([], [4, 9]), ([3, 33], [33]), ([33], [3, 33]),
        ([2, 3, 5], [2, 1, 5]),
        ([2, 4, 3, 31], [2, 1, 1, 31]), ([2, 4, 3, 31], [31]), ([4, 1], [1, 9]),
        ([2, 3, 1], [2, 3, 8]),
        ([2, 1, 3, 1, 2, 4], [1, 2, 3, 2, 1, 4]), ([3, 0], [1]),
      ]
    for (a, b) in cases {
      // Divisors keep away from zero, where a quotient has no bound.
      compare(setup, "\(a) \(b)") {
        let shape = broadcast(a, b)
        return [$0.kernels.binary(op, $0.normal(a), $0.uniform(b, 0.5..<2), shape: shape)]
      }
    }
  }

  @Test(arguments: Setup.all) func axpby(_ setup: Setup) {
    for n in vectorSizes + [1000] {
      compare(setup, "\(n)") {
        let (a, b) = ($0.normal([n]), $0.normal([n]))
        return [
          $0.kernels.axpby(1.5, a, -0.25, b, 0.125), $0.kernels.axpby(-2, a, 0, nil, 0),
          $0.kernels.axpby(1, a, 1, b, 0),
        ]
      }
    }
  }

  @Test(arguments: Setup.all, UnaryOp.allCases) func unary(_ setup: Setup, _ op: UnaryOp) {
    let isPositive = [.log, .sqrt, .rsqrt, .reciprocal].contains(op)
    for n in vectorSizes + [1000] {
      // The vector functions are polynomials good to a few units in the last place; derivatives of the gelus subtract
      // nearly equal numbers and multiply by up to 6³.
      compare(setup, slack: 4, "\(n)") {
        let x = $0.uniform([n], isPositive ? 0.1..<5 : -6..<6)
        let dy = $0.normal([n])
        return [$0.kernels.unary(op, x, -0.5, 1.5), $0.kernels.unaryBackward(op, x, dy, -0.5, 1.5)]
      }
    }
  }

  /// Far from zero exponentials over- and underflow; results must saturate, not turn into NaN. The cube in geluTanh
  /// is finite up to 7e12.
  @Test(
    arguments: Setup.all,
    [UnaryOp.sigmoid, .tanh, .silu, .gelu, .geluTanh, .quickGelu, .softplus, .exp])
  func unaryFarOut(_ setup: Setup, _ op: UnaryOp) {
    let values: [Float] = [-1e12, -1000, -104, -90, -88, -40, -20, 20, 40, 80, 88, 100, 1000, 1e12]
    compare(setup, slack: 2) {
      let x = $0.make(values, [values.count], $0.dtype)
      let isBounded = op != .exp
      return [$0.kernels.unary(op, x, 0, 0)]
        + (isBounded ? [$0.kernels.unaryBackward(op, x, $0.normal(x.shape), 0, 0)] : [])
    }
  }

  /// A NaN must show, or the guards against diverged training would miss it.
  @Test(arguments: Setup.all, UnaryOp.allCases) func unaryKeepsNaN(_ setup: Setup, _ op: UnaryOp) {
    for n in [1, 9, 33] {
      let inputs = Inputs(device: setup.device, dtype: setup.dtype, random: TestRandom(seed: 1))
      let x = inputs.make(Array(repeating: Float.nan, count: n), [n], setup.dtype)
      let y = setup.device.kernels.unary(op, x, -1, 1).floats()
      #expect(y.allSatisfy { $0.isNaN }, "\(op) of NaN")
    }
  }

  @Test(arguments: Setup.all) func geglu(_ setup: Setup) {
    for (rows, width) in [(0, 8), (1, 1), (3, 7), (2, 8), (5, 9), (2, 33), (9, 64)] {
      compare(setup, slack: 2, "\(rows) \(width)") {
        let (x, dy) = ($0.normal([rows, 2 * width]), $0.normal([rows, width]))
        return [$0.kernels.geglu(x), $0.kernels.gegluBackward(x, dy)]
      }
    }
  }

  private func broadcast(_ a: [Int], _ b: [Int]) -> [Int] {
    let rank = max(a.count, b.count)
    let pa = Array(repeating: 1, count: rank - a.count) + a
    let pb = Array(repeating: 1, count: rank - b.count) + b
    return zip(pa, pb).map { $0 == 1 ? $1 : $0 }
  }
}
