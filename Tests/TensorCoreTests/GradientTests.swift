import TensorCore
import TestSupport
import Testing

/// Checks the gradient of `op` with respect to every input, on the reference device.
///
/// The function differentiated is Σ r·op(x) with random r, summed in float64. The op itself rounds to float32, so central
/// differences of fourth order with h = 2⁻⁵ carry an error of about 1.5 ε|y|√n / h ≈ 1e-5 … 1e-4 and a truncation of
/// h⁴/30 ≈ 3e-8 times the fifth derivative: 2e-3 leaves room for both and is far below any wrong factor.
/// The pullback must also be linear in the gradient it is given.
func checkGradient(
  _ inputs: [Tensor], sourceLocation: SourceLocation = #_sourceLocation, _ op: ([Tensor]) -> Tensor
) {
  Device.$current.withValue(.reference) {
    let shape = op(inputs).shape
    var random = TestRandom(seed: 99)
    let (r, s) = (random.tensor(shape), random.tensor(shape))

    func gradients(_ weights: Tensor) -> [[Float]] {
      let variables = inputs.map { Variable($0) }
      let (_, found) = valueAndGradients { (op(variables.map(\.value)) * weights).sum() }
      return zip(variables, inputs).map { variable, input in
        let gradient = found[variable]
        #expect(gradient?.shape == input.shape, sourceLocation: sourceLocation)
        return gradient?.floats() ?? []
      }
    }

    let (ofR, ofS) = (gradients(r), gradients(s))
    let weights = r.floats().map { Double($0) }
    for (index, input) in inputs.enumerated() {
      let numeric = finiteDifference(at: input.floats()) { values in
        var moved = inputs
        moved[index] = Tensor(values, shape: input.shape)
        return zip(op(moved).floats(), weights).reduce(0) { $0 + Double($1.0) * $1.1 }
      }
      expectClose(
        ofR[index], numeric.map { Float($0) }, atol: 2e-3, rtol: 2e-3, "gradient of input \(index)",
        sourceLocation: sourceLocation)
      // float32 addition of the two weights and of the two results.
      let mixed = gradients(r.scaled(by: 2, adding: s, times: -3))[index]
      expectClose(
        mixed, zip(ofR[index], ofS[index]).map { 2 * $0 - 3 * $1 }, atol: 2e-5, rtol: 2e-5,
        "linearity of the pullback to input \(index)", sourceLocation: sourceLocation)
    }
  }
}

/// A tensor of standard normal values on the reference device.
private func normal(_ shape: Int..., seed: UInt64 = 5) -> Tensor {
  var random = TestRandom(seed: seed)
  return random.tensor(shape, device: .reference)
}

private func uniform(_ range: Range<Float>, _ shape: Int..., seed: UInt64 = 6) -> Tensor {
  var random = TestRandom(seed: seed)
  return Tensor(random.uniforms(shape.reduce(1, *), range), shape: shape, device: .reference)
}

@Suite struct GradientTests {
  // Element-wise
  @Test func add() { checkGradient([normal(2, 3), normal(3, seed: 1)]) { $0[0] + $0[1] } }
  @Test func subtract() { checkGradient([normal(3), normal(2, 3, seed: 1)]) { $0[0] - $0[1] } }
  @Test func multiply() {
    checkGradient([normal(2, 1, 3), normal(4, 1, seed: 1)]) { $0[0] * $0[1] }
  }
  @Test func divide() { checkGradient([normal(2, 3), uniform(0.5..<2, 2, 1)]) { $0[0] / $0[1] } }
  @Test func square() { checkGradient([normal(5)]) { $0[0] * $0[0] } }
  @Test func scaled() {
    checkGradient([normal(4), normal(4, seed: 1)]) {
      $0[0].scaled(by: 2, adding: $0[1], times: -0.5, plus: 3)
    }
  }
  @Test func scaledByOne() {
    checkGradient([normal(4), normal(4, seed: 1)]) { $0[0].scaled(by: 1, adding: $0[1]) }
  }
  @Test func scalars() { checkGradient([normal(4)]) { 1 - (2 * $0[0] + 1) / 4 - 3 } }
  @Test func minus() { checkGradient([normal(4)]) { -$0[0] } }
  @Test func geglu() { checkGradient([normal(2, 6)]) { $0[0].geglu } }

  /// Kinks (relu, abs, leakyRelu at 0, clamp at its bounds) and poles lie further than 2h from the values.
  @Test(arguments: UnaryOp.allCases) func unary(_ op: UnaryOp) {
    let isPositive = [.log, .sqrt, .rsqrt, .reciprocal].contains(op)
    let values: [Float] = isPositive ? [0.7, 1.3, 2.9] : [-2.3, -1.2, -0.3, 0.2, 0.8, 1.9]
    checkGradient([Tensor(values, shape: [values.count], device: .reference)]) {
      $0[0].applying(op, op == .leakyRelu ? 0.2 : -1, 1)
    }
  }

  // Movement
  @Test func reshape() { checkGradient([normal(2, 3)]) { $0[0].reshaped([3, -1]) } }
  @Test func permute() { checkGradient([normal(2, 3, 4)]) { $0[0].permuted([2, 0, 1]) } }
  @Test func broadcast() { checkGradient([normal(3, 1)]) { $0[0].broadcast(to: [2, 3, 4]) } }
  @Test func broadcastScalar() { checkGradient([normal()]) { $0[0].broadcast(to: [5]) } }
  @Test func sliceOfFirstAxis() {
    checkGradient([normal(4, 2)]) { $0[0].slice(axis: 0, from: 1, count: 2) }
  }
  @Test func sliceOfLastAxis() {
    checkGradient([normal(2, 5)]) { $0[0].slice(axis: -1, from: 2, count: 3) }
  }
  @Test func split() {
    checkGradient([normal(2, 5)]) { x in
      let parts = x[0].split(axis: 1, [2, 2, 1])
      return parts[0] * parts[1] + parts[2]
    }
  }
  @Test func concatenate() {
    checkGradient([normal(2, 1), normal(2, 3, seed: 1)]) {
      .concatenate([$0[0], $0[1], $0[0]], axis: 1)
    }
  }
  @Test func upsample() { checkGradient([normal(1, 2, 3, 2)]) { $0[0].upsampledNearest2x } }
  @Test func embedding() {
    let ids = Tensor([2, 0, 2, 1] as [Int32], shape: [2, 2], device: .reference)
    checkGradient([normal(4, 3)]) { .embedding($0[0], ids) }
  }

  // Reduction
  @Test func sum() { checkGradient([normal(2, 3, 4)]) { $0[0].sum(axes: [0, -1], scale: 0.5) } }
  @Test func sumOfAll() { checkGradient([normal(2, 3)]) { $0[0].sum() } }
  @Test func mean() { checkGradient([normal(2, 3)]) { $0[0].mean(axes: [1]) } }
  @Test func softmax() { checkGradient([normal(2, 5)]) { $0[0].softmax } }

  // Normalisation
  @Test(arguments: [false, true]) func groupNorm(_ silu: Bool) {
    checkGradient([normal(2, 2, 2, 6), normal(6, seed: 1), normal(6, seed: 2)]) {
      $0[0].groupNorm(gamma: $0[1], beta: $0[2], groups: 3, epsilon: 0.1, silu: silu)
    }
  }
  /// Images with scales and shifts of their own.
  @Test(arguments: [false, true]) func groupNormOfImages(_ silu: Bool) {
    checkGradient([normal(2, 2, 2, 6), normal(2, 6, seed: 1), normal(2, 6, seed: 2)]) {
      $0[0].groupNorm(gamma: $0[1], beta: $0[2], groups: 3, epsilon: 0.1, silu: silu)
    }
  }
  @Test func layerNorm() {
    checkGradient([normal(3, 5), normal(5, seed: 1), normal(5, seed: 2)]) {
      $0[0].layerNorm(gamma: $0[1], beta: $0[2], epsilon: 0.1)
    }
  }

  @Test func rmsNorm() {
    checkGradient([normal(3, 5), normal(5, seed: 1)]) { $0[0].rmsNorm(gamma: $0[1], epsilon: 0.1) }
  }

  // Products
  @Test(arguments: [Activation.none, .silu, .gelu, .quickGelu]) func linear(
    _ activation: Activation
  ) {
    checkGradient([
      normal(2, 2, 3), normal(4, 3, seed: 1), normal(4, seed: 2), normal(2, 2, 4, seed: 3),
    ]) {
      $0[0].linear($0[1], bias: $0[2], residual: $0[3], activation: activation)
    }
  }
  @Test func linearAlone() {
    checkGradient([normal(3, 4), normal(2, 4, seed: 1)]) { $0[0].linear($0[1]) }
  }
  @Test func linearResidual() {
    checkGradient([normal(3, 4), normal(2, 4, seed: 1), normal(3, 2, seed: 2)]) {
      $0[0].linear($0[1], residual: $0[2])
    }
  }
  @Test(arguments: [false, true], [false, true]) func matmul(_ transposeA: Bool, _ transposeB: Bool) {
    let a = transposeA ? normal(2, 4, 3) : normal(2, 3, 4)
    let b = transposeB ? normal(2, 5, 4, seed: 1) : normal(2, 4, 5, seed: 1)
    checkGradient([a, b]) { $0[0].matmul($0[1], transposeA: transposeA, transposeB: transposeB) }
  }
  @Test func matmulOfOneWithMany() {
    checkGradient([normal(3, 2), normal(2, 2, 4, seed: 1)]) { $0[0].matmul($0[1]) }
  }
  @Test func matmulOfTwoMatrices() {
    checkGradient([normal(3, 2), normal(2, 4, seed: 1)]) { $0[0].matmul($0[1]) }
  }

  // Convolution
  @Test(arguments: [Activation.none, .silu]) func convolution(_ activation: Activation) {
    checkGradient([
      normal(2, 4, 3, 2), normal(3, 2, 3, 3, seed: 1), normal(3, seed: 2),
      normal(2, 4, 3, 3, seed: 3),
    ]) {
      $0[0].conv2d($0[1], bias: $0[2], residual: $0[3], padding: Padding(1), activation: activation)
    }
  }
  @Test func convolutionStrided() {
    checkGradient([normal(1, 5, 4, 2), normal(2, 2, 3, 3, seed: 1)]) {
      $0[0].conv2d($0[1], stride: 2, padding: Padding(top: 0, left: 0, bottom: 1, right: 1))
    }
  }
  @Test func convolutionPointwise() {
    checkGradient([normal(1, 2, 2, 3), normal(2, 3, 1, 1, seed: 1), normal(2, seed: 2)]) {
      $0[0].conv2d($0[1], bias: $0[2])
    }
  }

  // Attention
  @Test(arguments: [false, true]) func attention(_ causal: Bool) {
    checkGradient([normal(2, 3, 4), normal(2, 5, 4, seed: 1), normal(2, 5, 4, seed: 2)]) {
      .attention($0[0], $0[1], $0[2], heads: 2, causal: causal)
    }
  }
  @Test func attentionScaled() {
    checkGradient([normal(1, 2, 2), normal(1, 3, 2, seed: 1), normal(1, 3, 2, seed: 2)]) {
      .attention($0[0], $0[1], $0[2], heads: 1, scale: 0.3)
    }
  }

  /// Biases for all scores and for those of all images and queries alike.
  @Test(arguments: [[2, 2, 3, 5], [1, 2, 1, 5]]) func attentionBias(_ shape: [Int]) {
    var random = TestRandom(seed: 8)
    let bias = random.tensor(shape, device: .reference)
    checkGradient([normal(2, 3, 4), normal(2, 5, 4, seed: 1), normal(2, 5, 4, seed: 2), bias]) {
      .attention($0[0], $0[1], $0[2], bias: $0[3], heads: 2)
    }
  }

  @Test(arguments: RotaryPairs.allCases) func rotary(_ pairs: RotaryPairs) {
    let angles = uniform(-3..<3, 3, 2)
    checkGradient([normal(2, 3, 8)]) {
      $0[0].rotated(cosines: angles.applying(.cos), sines: angles.applying(.sin), heads: 2, pairs: pairs)
    }
  }

  /// Gradients pass through a conversion in the type of its input.
  @Test func cast() {
    Device.$current.withValue(.reference) {
      let x = Variable(Tensor([1.0, 2, 3], shape: [3]))
      let (_, gradients) = valueAndGradients {
        x.value.cast(to: .bf16).scaled(by: 3).cast(to: .f32).sum()
      }
      #expect(gradients[x]?.dtype == .f32)
      #expect(gradients[x]?.floats() == [3, 3, 3])
    }
  }

  @Test func conversionsOfAllFloatTypes() {
    Device.$current.withValue(.reference) {
      let x = Variable(Tensor([0.5, -2], shape: [2]).cast(to: .bf16))
      let (value, gradients) = valueAndGradients { (x.value * x.value).cast(to: .f32).sum() }
      #expect(value.scalar == 4.25)
      #expect(gradients[x]?.dtype == .bf16)
      #expect(gradients[x]?.floats() == [1, -4])
    }
  }
}
