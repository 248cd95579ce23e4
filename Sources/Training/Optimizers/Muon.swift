import NN
import TensorCore

/// Muon: momentum whose matrices are made orthogonal before they are applied (Jordan et al. 2024), scaled to AdamW's
/// size of update, 0.2 · √(larger side) (Liu et al. 2025, eq. 4), so AdamW's learning rates fit.
///
/// Matrices and convolutions (as matrices of outputs by everything else) get it; biases, norms, tables of embeddings and
/// the first and last convolutions of a network are AdamW's.
public struct Muon: Optimizer {
  public let settings: OptimizerSettings
  public let parameters: [Parameter]
  private var momenta: [Tensor?]
  private var secondMoments: [Tensor?]
  public private(set) var updateCount = 0

  public init(_ parameters: [Parameter], _ settings: OptimizerSettings) {
    (self.parameters, self.settings) = (parameters, settings)
    momenta = parameters.map { .zeros($0.shape) }
    secondMoments = parameters.map { Self.isMatrix($0) ? nil : .zeros($0.shape) }
  }

  /// Whether a parameter is a matrix between hidden states.
  package static func isMatrix(_ parameter: Parameter) -> Bool {
    guard parameter.shape.count > 1 else { return false }
    let ends = ["embedding.weight", "positional_embedding", "conv_in.weight", "conv_out.weight"]
    return !ends.contains { parameter.name.hasSuffix($0) }
  }

  public var buffers: [OptimizerBuffer] {
    [OptimizerBuffer(name: "first", tensors: momenta), OptimizerBuffer(name: "second", tensors: secondMoments)]
  }

  public mutating func restore(_ buffers: [OptimizerBuffer], updateCount: Int) {
    (momenta, secondMoments) = (buffers[0].tensors, buffers[1].tensors)
    self.updateCount = updateCount
  }

  public mutating func step(_ gradients: Gradients, scale: Float, rates: [Float]) {
    updateCount += 1
    let beta = settings.beta1 ?? 0.95
    for (i, parameter) in parameters.enumerated() {
      guard let gradient = gradients[parameter], let momentum = momenta[i] else { continue }
      if let second = secondMoments[i] {
        parameter.value.adamW(
          gradient: gradient, firstMoment: momentum, secondMoment: second,
          settings.adamWStep(updateCount, scale: scale, rate: rates[i]))
        continue
      }
      let clipped = gradient.scaled(by: scale)
      let next = momentum.scaled(by: beta, adding: clipped)
      momenta[i] = next
      // Nesterov's momentum.
      let shape = parameter.shape
      let matrix = clipped.scaled(by: 1, adding: next, times: beta)
        .reshaped([shape[0], shape.dropFirst().reduce(1, *)])
      let size = 0.2 * Float(max(matrix.shape[0], matrix.shape[1])).squareRoot()
      let direction = Self.orthogonal(matrix, dtype: settings.dtype).reshaped(shape)
      parameter.replace(
        with: parameter.value.scaled(
          by: 1 - rates[i] * settings.weightDecay, adding: direction, times: -rates[i] * size))
    }
  }

  /// A matrix with the same singular vectors and singular values near 1, by five steps of Newton and Schulz's iteration
  /// with Jordan's coefficients.
  package static func orthogonal(_ matrix: Tensor, dtype: DType) -> Tensor {
    let norm = matrix.sumOfSquares.squareRoot()
    guard norm > 0 else { return matrix }
    // The product of the shorter sides is the smaller one.
    let isTall = matrix.shape[0] > matrix.shape[1]
    var x = matrix.scaled(by: Float(1 / (norm + 1e-7)))
    if isTall { x = x.permuted([1, 0]) }
    x = x.cast(to: dtype)
    for _ in 0..<5 {
      let a = x.matmul(x, transposeB: true)
      let b = a.scaled(by: -4.7750, adding: a.matmul(a), times: 2.0315)
      x = x.scaled(by: 3.4445, adding: b.matmul(x))
    }
    x = x.cast(to: .f32)
    return isTall ? x.permuted([1, 0]) : x
  }
}
