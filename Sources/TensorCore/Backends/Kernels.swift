/// Element-wise functions of two tensors.
public enum BinaryOp: UInt32, Sendable, CaseIterable {
  case add = 0
  case subtract, multiply, divide, maximum, minimum
}

/// Element-wise functions of one tensor. Raw values are those of the C kernels.
public enum UnaryOp: UInt32, Sendable, CaseIterable {
  case negate = 0
  case exp, log, sqrt, rsqrt, square, abs, sin, cos, tanh, sigmoid
  case relu, silu, gelu, geluTanh, quickGelu, clamp, reciprocal, leakyRelu, softplus
}

/// Activations a matrix product or convolution can apply to its result.
public enum Activation: String, Sendable, CaseIterable, Codable {
  case none
  case silu, gelu, relu
  case quickGelu = "quick_gelu"

  /// The element-wise function, or nil for none.
  public var unary: UnaryOp? {
    switch self {
    case .none: nil
    case .silu: .silu
    case .gelu: .gelu
    case .quickGelu: .quickGelu
    case .relu: .relu
    }
  }
}

/// Which numbers of a head rotary positions turn together.
public enum RotaryPairs: Sendable, CaseIterable {
  /// 2k and 2k + 1.
  case neighbours
  /// k and k + D/2.
  case halves
}

/// Zero padding of an image, in pixels.
public struct Padding: Sendable, Hashable {
  public var top, left, bottom, right: Int

  public init(top: Int, left: Int, bottom: Int, right: Int) {
    (self.top, self.left, self.bottom, self.right) = (top, left, bottom, right)
  }

  public init(_ all: Int) { self.init(top: all, left: all, bottom: all, right: all) }
}

/// The shapes of one convolution on channels-last images.
public struct ConvolutionGeometry: Sendable, Hashable {
  public var batch, height, width, inChannels: Int
  public var outHeight, outWidth, outChannels: Int
  public var kernelHeight, kernelWidth, stride: Int
  public var padding: Padding

  /// - Parameters:
  ///   - input: `[B, H, W, C]`.
  ///   - weight: `[O, C, kh, kw]`.
  public init(input: [Int], weight: [Int], stride: Int, padding: Padding) {
    precondition(
      input.count == 4 && weight.count == 4 && input[3] == weight[1],
      "convolution of input \(input) with weight \(weight)")
    (batch, height, width, inChannels) = (input[0], input[1], input[2], input[3])
    (outChannels, kernelHeight, kernelWidth) = (weight[0], weight[2], weight[3])
    (self.stride, self.padding) = (stride, padding)
    outHeight = (height + padding.top + padding.bottom - kernelHeight) / stride + 1
    outWidth = (width + padding.left + padding.right - kernelWidth) / stride + 1
    precondition(outHeight > 0 && outWidth > 0, "convolution of \(input) leaves no output")
  }

  public var inputShape: [Int] { [batch, height, width, inChannels] }
  public var outputShape: [Int] { [batch, outHeight, outWidth, outChannels] }
  public var weightShape: [Int] { [outChannels, inChannels, kernelHeight, kernelWidth] }
}

/// The settings of one AdamW step.
public struct AdamWStep: Sendable {
  public var gradientScale, learningRate, beta1, beta2, epsilon, weightDecay: Float
  public var biasCorrection1, biasCorrection2: Double

  public init(
    gradientScale: Float, learningRate: Float, beta1: Float, beta2: Float, epsilon: Float,
    weightDecay: Float, biasCorrection1: Double, biasCorrection2: Double
  ) {
    self.gradientScale = gradientScale
    self.learningRate = learningRate
    (self.beta1, self.beta2, self.epsilon) = (beta1, beta2, epsilon)
    self.weightDecay = weightDecay
    (self.biasCorrection1, self.biasCorrection2) = (biasCorrection1, biasCorrection2)
  }
}

/// Matrix products and convolutions. Weights may be stored in any float type; results have the type of the activations.
public protocol MatrixKernels: Sendable {
  /// Name and version of what computes, for the line printed at start.
  var matrixDescription: String { get }
  /// Why it cannot compute on this machine and what to do, in one line; nil if it can.
  var unavailableReason: String? { get }
  /// Whether there are products in 8 bits at all, and why they cannot be computed on this machine; nil if they can.
  var computesInt8: Bool { get }
  var noInt8Reason: String? { get }

  /// `act(x wᵀ + bias + residual)` for `x [.., K]`, `w [N, K]`.
  func linear(_ x: Tensor, _ w: Tensor, bias: Tensor?, residual: Tensor?, activation: Activation)
    -> Tensor
  /// `dy w` for `dy [.., N]`: the gradient with respect to x.
  func linearBackwardInput(_ dy: Tensor, _ w: Tensor) -> Tensor
  /// `dyᵀ x` and the column sums of dy, float32.
  func linearBackwardWeight(_ x: Tensor, _ dy: Tensor, bias: Bool) -> (dw: Tensor, db: Tensor?)
  func convolution(
    _ x: Tensor, _ w: Tensor, bias: Tensor?, residual: Tensor?, activation: Activation,
    _ geometry: ConvolutionGeometry
  ) -> Tensor
  func convolutionBackwardInput(_ dy: Tensor, _ w: Tensor, _ geometry: ConvolutionGeometry) -> Tensor
  func convolutionBackwardWeight(
    _ x: Tensor, _ dy: Tensor, bias: Bool, _ geometry: ConvolutionGeometry
  ) -> (dw: Tensor, db: Tensor?)
  /// Batched product over the last two axes; a batch of 1 on one side is repeated.
  func matmul(_ a: Tensor, _ b: Tensor, transposeA: Bool, transposeB: Bool, output: DType) -> Tensor
}

/// Everything a device must compute: coarse functions of whole tensors, none of which knows about gradients or models.
///
/// Inputs have been checked by the caller in `Ops`; they are contiguous and on this device. A result is a new tensor.
/// Statistics and gradients of parameters are float32 whatever the activations are.
public protocol Kernels: MatrixKernels {
  /// One line for people: instruction set, libraries.
  var summary: String { get }

  func fill(_ value: Float, shape: [Int], dtype: DType, device: Device) -> Tensor
  func convert(_ x: Tensor, to dtype: DType) -> Tensor
  /// Element-wise with broadcasting to `shape`.
  func binary(_ op: BinaryOp, _ a: Tensor, _ b: Tensor, shape: [Int]) -> Tensor
  /// `alpha a + beta b + gamma`.
  func axpby(_ alpha: Float, _ a: Tensor, _ beta: Float, _ b: Tensor?, _ gamma: Float) -> Tensor
  /// `p0`, `p1`: bounds of clamp, slope of leakyRelu; ignored by the others.
  func unary(_ op: UnaryOp, _ x: Tensor, _ p0: Float, _ p1: Float) -> Tensor
  func unaryBackward(_ op: UnaryOp, _ x: Tensor, _ dy: Tensor, _ p0: Float, _ p1: Float) -> Tensor
  /// `x[.., :D] · gelu(x[.., D:])` for x of width 2D.
  func geglu(_ x: Tensor) -> Tensor
  func gegluBackward(_ x: Tensor, _ dy: Tensor) -> Tensor

  /// Output axis i is input axis `order[i]`.
  func permute(_ x: Tensor, _ order: [Int]) -> Tensor
  func broadcast(_ x: Tensor, to shape: [Int]) -> Tensor
  func concatenate(_ parts: [Tensor], axis: Int) -> Tensor
  func slice(_ x: Tensor, axis: Int, from start: Int, count: Int) -> Tensor
  /// The adjoint of `slice`: zeros of length `full` along `axis` with dy at `start`.
  func sliceBackward(_ dy: Tensor, axis: Int, from start: Int, full: Int) -> Tensor
  func upsampleNearest2x(_ x: Tensor) -> Tensor
  /// `[B, H, W, C]` float32 at another size, bilinear between pixel centres, the outermost pixels repeated.
  func resizeBilinear(_ x: Tensor, height: Int, width: Int) -> Tensor
  func upsampleNearest2xBackward(_ dy: Tensor) -> Tensor
  /// Rows of a table; stops where an id is outside of it, as the device finds out.
  func embedding(_ table: Tensor, _ ids: Tensor, output: DType) -> Tensor
  /// Gradient of a table of `rows` rows, float32.
  func embeddingBackward(_ dy: Tensor, _ ids: Tensor, rows: Int) -> Tensor

  /// Each channel of `x [B, H, W, C]` convolved by its own kernel of `w [C, 1, kh, kw]`, plus `bias [C]`.
  /// - Parameter geometry: of a convolution from C to C channels.
  func depthwiseConvolution(_ x: Tensor, _ w: Tensor, bias: Tensor?, _ geometry: ConvolutionGeometry) -> Tensor

  /// `scale ·` sum over `axes`, which disappear from the shape.
  func sum(_ x: Tensor, axes: [Int], scale: Float, output: DType) -> Tensor
  /// Of each tensor: all are computed before one is waited for.
  func sumsOfSquares(_ tensors: [Tensor]) -> [Double]
  /// The sum of all elements and of their magnitudes, in double precision.
  func totals(_ x: Tensor) -> (sum: Double, magnitude: Double)
  /// The magnitude below which a share of all lie, between the two nearest as torch's quantile computes it; float32.
  func magnitudeQuantile(_ x: Tensor, _ share: Double) -> Float
  /// Position of the first NaN or infinity, or nil.
  func firstNonFinite(_ x: Tensor) -> Int?
  func softmax(_ x: Tensor) -> Tensor
  func softmaxBackward(_ y: Tensor, _ dy: Tensor) -> Tensor

  /// GroupNorm of `[B, .., C]`, optionally with SiLU behind it; mean and rstd are `[B, groups]`, gamma and beta both `[C]` or
  /// `[B, C]`, and their gradients like them.
  func groupNorm(_ x: Tensor, gamma: Tensor, beta: Tensor, groups: Int, epsilon: Float, silu: Bool)
    -> (y: Tensor, mean: Tensor, rstd: Tensor)
  func groupNormBackward(
    _ x: Tensor, gamma: Tensor, beta: Tensor, mean: Tensor, rstd: Tensor, groups: Int, silu: Bool,
    _ dy: Tensor, needsInput: Bool, needsParameters: Bool
  ) -> (dx: Tensor?, dgamma: Tensor?, dbeta: Tensor?)
  /// LayerNorm over the last axis; mean and rstd are `[rows]`.
  func layerNorm(_ x: Tensor, gamma: Tensor, beta: Tensor, epsilon: Float)
    -> (y: Tensor, mean: Tensor, rstd: Tensor)
  func layerNormBackward(
    _ x: Tensor, gamma: Tensor, mean: Tensor, rstd: Tensor, _ dy: Tensor, needsInput: Bool,
    needsParameters: Bool
  ) -> (dx: Tensor?, dgamma: Tensor?, dbeta: Tensor?)

  /// `x / √(mean(x²) + epsilon) · gamma` over the last axis; rstd is `[rows]`.
  func rmsNorm(_ x: Tensor, gamma: Tensor, epsilon: Float) -> (y: Tensor, rstd: Tensor)
  func rmsNormBackward(
    _ x: Tensor, gamma: Tensor, rstd: Tensor, _ dy: Tensor, needsInput: Bool, needsParameters: Bool
  ) -> (dx: Tensor?, dgamma: Tensor?)

  /// Pairs of numbers of each head of `x [B, T, heads·D]` turned by the angles whose cosines and sines are `[T, D/2]`, or back.
  func rotary(_ x: Tensor, cosines: Tensor, sines: Tensor, heads: Int, pairs: RotaryPairs, inverse: Bool) -> Tensor

  /// `softmax(scale · q kᵀ + bias) v` per head for `q [B, Tq, heads·D]`, `k, v [B, Tk, heads·D]`; lse `[B, heads, Tq]` if wanted.
  /// - Parameter bias: float32, `[1 or B, 1 or heads, 1 or Tq, Tk]`; values below −10⁴ count as that.
  func attention(
    _ q: Tensor, _ k: Tensor, _ v: Tensor, bias: Tensor?, heads: Int, scale: Float, causal: Bool, wantsLSE: Bool
  ) -> (out: Tensor, lse: Tensor?)
  /// - Returns: dbias is the gradient of each score, `[B, heads, Tq, Tk]`, if wanted.
  func attentionBackward(
    _ q: Tensor, _ k: Tensor, _ v: Tensor, bias: Tensor?, heads: Int, scale: Float, causal: Bool, out: Tensor,
    lse: Tensor, _ dOut: Tensor, needsBias: Bool
  ) -> (dq: Tensor, dk: Tensor, dv: Tensor, dbias: Tensor?)

  /// `−Σ target · log softmax(x)` of each row, averaged over the rows, and its gradient, in float32 from double precision.
  func crossEntropy(_ x: Tensor, _ targets: Tensor) -> (value: Tensor, gradient: Tensor)

  /// One AdamW step in place; all float32.
  func adamW(
    _ parameter: Tensor, gradient: Tensor, firstMoment: Tensor, secondMoment: Tensor, _ step: AdamWStep)
  /// `average = decay · average + (1 − decay) · parameter` in place.
  func updateAverage(_ average: Tensor, _ parameter: Tensor, decay: Float)
}
