import NN
import TensorCore

/// Muon: momentum whose matrices are made orthogonal before they are applied (Jordan et al. 2024), scaled to AdamW's
/// size of update, 0.2 · √(larger side) (Liu et al. 2025, eq. 4), so AdamW's learning rates fit.
///
/// Matrices and convolutions (as matrices of outputs by everything else) get it; biases, norms, tables of embeddings and
/// the first and last convolutions of a network are AdamW's. Matrices of one shape are worked on together.
public struct Muon: Optimizer {
  public let settings: OptimizerSettings
  public let parameters: [Parameter]
  private var momenta: [Tensor?]
  private var secondMoments: [Tensor?]
  public private(set) var updateCount = 0
  /// Numbers of the parameters that are matrices, in groups of one shape.
  private let groups: [[Int]]
  /// Numbers of a group's matrices together at the most, so that they stay in a core's cache.
  private static let groupLimit = 1 << 20

  public init(_ parameters: [Parameter], _ settings: OptimizerSettings) {
    self.settings = settings
    self.parameters = parameters
    momenta = parameters.map { .zeros($0.shape) }
    secondMoments = parameters.map { Self.isMatrix($0) ? nil : .zeros($0.shape) }
    groups = Self.groups(parameters)
  }

  /// Whether a parameter is a matrix between hidden states.
  package static func isMatrix(_ parameter: Parameter) -> Bool {
    guard parameter.shape.count > 1 else { return false }
    let ends = ["embedding.weight", "positional_embedding", "conv_in.weight", "conv_out.weight"]
    return !ends.contains { parameter.name.hasSuffix($0) }
  }

  /// Rows and columns of a parameter as a matrix.
  private static func sides(_ shape: [Int]) -> [Int] { [shape[0], shape.dropFirst().reduce(1, *)] }

  private static func groups(_ parameters: [Parameter]) -> [[Int]] {
    let matrices = parameters.indices.filter { isMatrix(parameters[$0]) }
    let byShape = Dictionary(grouping: matrices) { sides(parameters[$0].shape) }
    return byShape.values.sorted { $0[0] < $1[0] }.flatMap { members -> [[Int]] in
      let size = sides(parameters[members[0]].shape).reduce(1, *)
      let count = max(groupLimit / max(size, 1), 1)
      return stride(from: 0, to: members.count, by: count).map {
        Array(members[$0..<min($0 + count, members.count)])
      }
    }
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
    for (i, parameter) in parameters.enumerated() {
      guard let gradient = gradients[parameter], let momentum = momenta[i], let second = secondMoments[i] else {
        continue
      }
      parameter.value.adamW(
        gradient: gradient, firstMoment: momentum, secondMoment: second,
        settings.adamWStep(updateCount, scale: scale, rate: rates[i]))
    }
    for group in groups { step(group.filter { gradients[parameters[$0]] != nil }, gradients, scale, rates) }
  }

  /// Updates matrices of one shape.
  private mutating func step(_ group: [Int], _ gradients: Gradients, _ scale: Float, _ rates: [Float]) {
    guard let first = group.first else { return }
    let beta = settings.beta1 ?? 0.95
    let sides = Self.sides(parameters[first].shape)
    var matrices: [Tensor] = []
    for i in group {
      guard let gradient = gradients[parameters[i]], let momentum = momenta[i] else { continue }
      let next = momentum.scaled(by: beta, adding: gradient, times: scale)
      momenta[i] = next
      // Nesterov's momentum.
      matrices.append(gradient.scaled(by: scale, adding: next, times: beta).reshaped(sides))
    }
    let size = 0.2 * Float(max(sides[0], sides[1])).squareRoot()
    for (i, direction) in zip(group, Self.orthogonal(matrices, dtype: settings.dtype)) {
      let parameter = parameters[i]
      parameter.replace(
        with: parameter.value.scaled(
          by: 1 - rates[i] * settings.weightDecay, adding: direction.reshaped(parameter.shape),
          times: -rates[i] * size))
    }
  }

  /// A matrix with the same singular vectors and singular values near 1.
  package static func orthogonal(_ matrix: Tensor, dtype: DType) -> Tensor { orthogonal([matrix], dtype: dtype)[0] }

  /// Matrices with the same singular vectors and singular values near 1, by five steps of Newton and Schulz's iteration
  /// with Jordan's coefficients: `X ← (3.4445 + (−4.7750 + 2.0315 XXᵀ) XXᵀ) X`.
  /// - Parameter matrices: of one shape.
  private static func orthogonal(_ matrices: [Tensor], dtype: DType) -> [Tensor] {
    guard let shape = matrices.first?.shape else { return [] }
    // The product of the shorter sides is the smaller one.
    let isTall = shape[0] > shape[1]
    let rows = zip(matrices, Tensor.sumsOfSquares(matrices)).map { matrix, squares -> Tensor in
      let x = matrix.scaled(by: Float(1 / (squares.squareRoot() + 1e-7))).cast(to: dtype)
      return (isTall ? x.permuted([1, 0]) : x).reshaped([1, min(shape[0], shape[1]), max(shape[0], shape[1])])
    }
    var x = Tensor.concatenate(rows, axis: 0)
    let units = identities(count: x.shape[0], size: x.shape[1]).cast(to: dtype)
    for _ in 0..<5 {
      let a = x.matmul(x, transposeB: true)
      // What X itself is multiplied by goes into the small matrix: a pass over X less.
      let b = a.scaled(by: -4.7750, adding: a.matmul(a), times: 2.0315).scaled(by: 1, adding: units, times: 3.4445)
      x = b.matmul(x)
    }
    return matrices.indices.map { index in
      let found = x.slice(axis: 0, from: index, count: 1).reshaped(Array(x.shape[1...]))
      return (isTall ? found.permuted([1, 0]) : found).cast(to: .f32)
    }
  }

  /// `[count, size, size]`.
  private static func identities(count: Int, size: Int) -> Tensor {
    var values = [Float](repeating: 0, count: count * size * size)
    for i in 0..<(count * size) { values[i * size + i % size] = 1 }
    return Tensor(values, shape: [count, size, size])
  }
}
