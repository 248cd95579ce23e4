import Foundation
import TensorCore
import TestSupport
import Testing

/// The oracle itself, against values worked out by hand.
@Suite struct ReferenceKernelTests {
  let kernels = Device.reference.kernels

  private func tensor(_ values: [Float], _ shape: [Int]) -> Tensor {
    Tensor(values, shape: shape, device: .reference)
  }

  /// Midpoints go to the even neighbour: 1 + 2⁻⁸ lies between 1 and 1 + 2⁻⁷, 1 + 3·2⁻⁸ between that and 1 + 2⁻⁶.
  @Test func bfloat16Rounding() {
    let exact: [Float] = [1 + 0x1p-8, 1 + 3 * 0x1p-8, 1 + 0x1.01p-8, -1 - 0x1p-8, 3.4e38, 0x1p-133]
    let rounded = tensor(exact, [6]).cast(to: .bf16).cast(to: .f32).floats()
    let expected: [Float] = [1, 1 + 0x1p-6, 1 + 0x1p-7, -1, .infinity, 0x1p-133]
    #expect(rounded == expected)
    #expect(tensor([.nan], [1]).cast(to: .bf16).floats()[0].isNaN)
  }

  @Test func float16Rounding() {
    let exact: [Float] = [1 + 0x1p-11, 1 + 3 * 0x1p-11, 65504, 65520, 0x1p-24, 0x1p-26]
    let rounded = tensor(exact, [6]).cast(to: .f16).floats()
    let expected: [Float] = [1, 1 + 0x1p-9, 65504, .infinity, 0x1p-24, 0]
    #expect(rounded == expected)
  }

  /// Values at 1 from tables of the functions.
  @Test(
    arguments: [
      (UnaryOp.gelu, 0.841_344_75), (.geluTanh, 0.841_192), (.quickGelu, 0.845_795_3),
      (.silu, 0.731_058_6),
      (.sigmoid, 0.731_058_6), (.softplus, 1.313_261_7), (.tanh, 0.761_594_2), (.exp, 2.718_281_8),
      (.negate, -1), (.relu, 1), (.clamp, 0.5), (.leakyRelu, 1), (.log, 0), (.sqrt, 1), (.rsqrt, 1),
      (.square, 1),
      (.abs, 1), (.sin, 0.841_471), (.cos, 0.540_302_3), (.reciprocal, 1),
    ] as [(UnaryOp, Float)])
  func unaryAtOne(_ op: UnaryOp, _ expected: Float) {
    expectClose(kernels.unary(op, tensor([1], [1]), -0.5, 0.5).floats(), [expected], atol: 1e-6)
  }

  @Test func linearByHand() {
    let y = kernels.linear(
      tensor([1, 2], [1, 2]), tensor([3, 4, 5, 6, -7, -8], [3, 2]), bias: tensor([10, 20, 0], [3]),
      residual: tensor([1, 1, 1], [1, 3]), activation: .relu)
    #expect(y.floats() == [22, 38, 0])
  }

  /// Over a 3 × 3 image of 1…9 a kernel that looks one pixel right and down, minus the pixel itself.
  @Test func convolutionByHand() {
    var taps = Array(repeating: Float(0), count: 9)
    (taps[4], taps[8]) = (-1, 1)
    let x = tensor((1...9).map { Float($0) }, [1, 3, 3, 1])
    let geometry = ConvolutionGeometry(
      input: x.shape, weight: [1, 1, 3, 3], stride: 1, padding: Padding(1))
    let y = kernels.convolution(
      x, tensor(taps, [1, 1, 3, 3]), bias: nil, residual: nil, activation: .none, geometry)
    #expect(y.floats() == [4, 4, -3, 4, 4, -6, -7, -8, -9])
  }

  @Test func convolutionOrderOfWeights() {
    // Two input channels, 1 x 2 kernel [O=1, C=2, 1, 2]: y = 1·x₀(0) + 10·x₀(1) + 100·x₁(0) + 1000·x₁(1).
    let geometry = ConvolutionGeometry(
      input: [1, 1, 2, 2], weight: [1, 2, 1, 2], stride: 1, padding: Padding(0))
    let y = kernels.convolution(
      tensor([1, 2, 3, 4], [1, 1, 2, 2]), tensor([1, 10, 100, 1000], [1, 2, 1, 2]), bias: nil,
      residual: nil, activation: .none, geometry)
    #expect(y.floats() == [1 + 30 + 200 + 4000])
  }

  @Test func normalizationByHand() {
    // Two groups of two channels, two pixels: {1, 3, 5, 7} has mean 4 and variance 5, {2, 2, 2, 2} variance 0.
    let x = tensor([1, 3, 2, 2, 5, 7, 2, 2], [1, 2, 4])
    let (y, mean, rstd) = kernels.groupNorm(
      x, gamma: tensor([1, 2, 1, 1], [4]), beta: tensor([0, 0, 5, 0], [4]), groups: 2,
      epsilon: 0.25,
      silu: false)
    let r = 1 / Float(5.25).squareRoot()
    expectClose(mean.floats(), [4, 2])
    expectClose(rstd.floats(), [r, 2], rtol: 1e-6)
    expectClose(y.floats(), [-3 * r, -2 * r, 5, 0, r, 6 * r, 5, 0], rtol: 1e-6)
  }

  @Test func attentionByHand() {
    // Scores 0 and log 3 give weights 1/4 and 3/4.
    let (q, k) = (tensor([1], [1, 1, 1]), tensor([0, log(3)], [1, 2, 1]))
    let v = tensor([4, 8], [1, 2, 1])
    let all = kernels.attention(q, k, v, bias: nil, heads: 1, scale: 1, causal: false, wantsLSE: true)
    expectClose(all.out.floats(), [7], rtol: 1e-6)
    expectClose(all.lse?.floats() ?? [], [log(4)], rtol: 1e-6)
    let first = kernels.attention(q, k, v, bias: nil, heads: 1, scale: 1, causal: true, wantsLSE: false)
    #expect(first.out.floats() == [4])
  }

  /// The first step of Adam moves by the learning rate whatever the gradient's size, after decay.
  @Test func adamWByHand() {
    let (p, g) = (tensor([1, 1], [2]), tensor([100, -0.001], [2]))
    let (m, v) = (tensor([0, 0], [2]), tensor([0, 0], [2]))
    kernels.adamW(
      p, gradient: g, firstMoment: m, secondMoment: v,
      AdamWStep(
        gradientScale: 1, learningRate: 0.1, beta1: 0.9, beta2: 0.99, epsilon: 0, weightDecay: 0.5,
        biasCorrection1: 0.1, biasCorrection2: 0.01))
    expectClose(p.floats(), [0.85, 1.05], atol: 1e-5)
    expectClose(m.floats(), [10, -0.0001], rtol: 1e-5)
    expectClose(v.floats(), [100, 1e-8], rtol: 1e-5)
  }
}
