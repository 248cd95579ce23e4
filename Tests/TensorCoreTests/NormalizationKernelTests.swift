import TensorCore
import TestSupport
import Testing

@Suite struct NormalizationKernelTests {
  /// Shapes of groups with 1, 2, 7, 8, 9, 16, 31, 33 and 40 channels, so that no vector width divides them all.
  static let groupCases: [(shape: [Int], groups: Int)] = [
    ([2, 5, 5, 8], 1), ([1, 3, 3, 8], 8), ([2, 4, 3, 14], 2), ([1, 7, 31], 1), ([2, 9, 66], 2),
    ([1, 2, 2, 64], 32),
    ([2, 6, 6, 64], 4), ([1, 3, 40], 1), ([3, 1, 1, 18], 2), ([1, 16, 16, 320], 32),
    ([2, 8, 8, 33], 33),
  ]

  @Test(arguments: Setup.all, [false, true]) func groupNorm(_ setup: Setup, _ silu: Bool) {
    for (shape, groups) in Self.groupCases {
      let channels = shape[shape.count - 1]
      let members = shape.dropFirst().reduce(1, *) / groups
      if members == 1 { continue }
      compare(setup, reduction: members, "\(shape) \(groups) groups") {
        let x = $0.uniform(shape, -2..<3)
        let (gamma, beta) = ($0.normal([channels], .f32), $0.normal([channels], .f32))
        let (y, mean, rstd) = $0.kernels.groupNorm(
          x, gamma: gamma, beta: beta, groups: groups, epsilon: 1e-5, silu: silu)
        return [y, mean, rstd]
      }
    }
  }

  /// Both sides get the same statistics, so what is compared is the backward pass alone. Gradients of parameters sum
  /// over all pixels of all images.
  @Test(arguments: Setup.all, [false, true]) func groupNormBackward(_ setup: Setup, _ silu: Bool) {
    for (shape, groups) in Self.groupCases {
      let channels = shape[shape.count - 1]
      for (needsInput, needsParameters) in [(true, true), (true, false), (false, true)] {
        compare(setup, reduction: shape.dropFirst().reduce(1, *), "\(shape) \(groups) groups") {
          let (x, dy) = ($0.normal(shape), $0.normal(shape))
          let (gamma, beta) = ($0.normal([channels], .f32), $0.normal([channels], .f32))
          let mean = $0.uniform([shape[0], groups], -0.2..<0.2, .f32)
          let rstd = $0.uniform([shape[0], groups], 0.5..<1.5, .f32)
          let (dx, dgamma, dbeta) = $0.kernels.groupNormBackward(
            x, gamma: gamma, beta: beta, mean: mean, rstd: rstd, groups: groups, silu: silu, dy,
            needsInput: needsInput, needsParameters: needsParameters)
          return [dx, dgamma, dbeta]
        }
      }
    }
  }

  /// Images with scales and shifts of their own.
  @Test(arguments: Setup.all, [false, true]) func groupNormOfImages(_ setup: Setup, _ silu: Bool) {
    for (shape, groups) in [([3, 4, 3, 14], 2), ([2, 6, 6, 64], 16), ([1, 3, 40], 1), ([2, 40, 41, 33], 33)] {
      let channels = shape[shape.count - 1]
      compare(setup, reduction: shape.dropFirst().reduce(1, *), "\(shape) \(groups) groups") {
        let (x, dy) = ($0.normal(shape), $0.normal(shape))
        let (gamma, beta) = ($0.normal([shape[0], channels], .f32), $0.normal([shape[0], channels], .f32))
        let y = $0.kernels.groupNorm(x, gamma: gamma, beta: beta, groups: groups, epsilon: 1e-5, silu: silu).y
        let mean = $0.uniform([shape[0], groups], -0.2..<0.2, .f32)
        let rstd = $0.uniform([shape[0], groups], 0.5..<1.5, .f32)
        let (dx, dgamma, dbeta) = $0.kernels.groupNormBackward(
          x, gamma: gamma, beta: beta, mean: mean, rstd: rstd, groups: groups, silu: silu, dy, needsInput: true,
          needsParameters: true)
        return [y, dx, dgamma, dbeta]
      }
    }
  }

  /// A mean far from zero: E[x²] − E[x]² in float32 would leave no digit of the variance.
  @Test(arguments: Setup.all.filter { $0.dtype == .f32 }) func largeMean(_ setup: Setup) {
    // x itself is rounded to 2⁻¹⁴ at 1000, the same on both sides; 32 covers its mean's last bits over a spread of 1.
    compare(setup, reduction: 512, slack: 32) {
      let x = $0.uniform([1, 64, 8], 998..<1002)
      let (gamma, beta) = ($0.normal([8], .f32), $0.normal([8], .f32))
      let group = $0.kernels.groupNorm(
        x, gamma: gamma, beta: beta, groups: 1, epsilon: 1e-5, silu: false)
      let layer = $0.kernels.layerNorm(x, gamma: gamma, beta: beta, epsilon: 1e-5)
      return [group.y, group.rstd, layer.y, layer.rstd]
    }
  }

  @Test(arguments: Setup.all) func layerNorm(_ setup: Setup) {
    for (rows, width) in [
      (1, 2), (3, 7), (2, 8), (0, 8), (5, 9), (2, 31), (4, 33), (9, 64), (2, 768),
    ] {
      compare(setup, reduction: width, "\(rows) x \(width)") {
        let x = $0.uniform([rows, width], -2..<3)
        let (gamma, beta) = ($0.normal([width], .f32), $0.normal([width], .f32))
        let (y, mean, rstd) = $0.kernels.layerNorm(x, gamma: gamma, beta: beta, epsilon: 1e-5)
        return [y, mean, rstd]
      }
      for (needsInput, needsParameters) in [(true, true), (true, false), (false, true)] {
        compare(setup, reduction: rows + width, "\(rows) x \(width) backward") {
          let (x, dy) = ($0.normal([rows, width]), $0.normal([rows, width]))
          let gamma = $0.normal([width], .f32)
          let mean = $0.uniform([rows], -0.2..<0.2, .f32)
          let rstd = $0.uniform([rows], 0.5..<1.5, .f32)
          let (dx, dgamma, dbeta) = $0.kernels.layerNormBackward(
            x, gamma: gamma, mean: mean, rstd: rstd, dy, needsInput: needsInput,
            needsParameters: needsParameters)
          return [dx, dgamma, dbeta]
        }
      }
    }
  }

  @Test(arguments: Setup.all) func rmsNorm(_ setup: Setup) {
    for (rows, width) in [(1, 1), (3, 7), (2, 8), (5, 33), (300, 64), (0, 8), (2, 1000)] {
      for (needsInput, needsParameters) in [(true, true), (true, false), (false, true)] {
        compare(setup, reduction: max(rows, width), "\(rows) \(width)") {
          let (x, dy, gamma) = ($0.normal([rows, width]), $0.normal([rows, width]), $0.normal([width], .f32))
          let (y, rstd) = $0.kernels.rmsNorm(x, gamma: gamma, epsilon: 0.1)
          let given = $0.uniform([rows], 0.5..<1.5, .f32)
          let (dx, dgamma) = $0.kernels.rmsNormBackward(
            x, gamma: gamma, rstd: given, dy, needsInput: needsInput, needsParameters: needsParameters)
          return [y, rstd, dx, dgamma]
        }
      }
    }
  }
}
