import NN
import TensorCore

/// An optimiser's memory of one kind, for each parameter; nil where it keeps none.
public struct OptimizerBuffer: Sendable {
  /// What it is, such as `first`.
  public let name: String
  public var tensors: [Tensor?]
}

/// Changes parameters by their gradients.
public protocol Optimizer: Sendable {
  /// In the order of `buffers`.
  var parameters: [Parameter] { get }
  /// What is remembered from step to step.
  var buffers: [OptimizerBuffer] { get }
  /// Updates made so far.
  var updateCount: Int { get }

  /// Continues from saved buffers, which have the names, order and shapes of `buffers`.
  mutating func restore(_ buffers: [OptimizerBuffer], updateCount: Int)

  /// Updates every parameter that has a gradient.
  /// - Parameters:
  ///   - scale: gradients are multiplied by this first (clipping).
  ///   - rates: the learning rate of each parameter.
  mutating func step(_ gradients: Gradients, scale: Float, rates: [Float])
}

/// The optimisers there are.
public enum OptimizerName: String, Codable, Sendable, CaseIterable {
  case adamW = "adamw"
  case lion
  case muon
}

/// Which optimiser, and what does not change from step to step.
public struct OptimizerSettings: Sendable, Equatable {
  public var name = OptimizerName.adamW
  /// Decay of the first moment or momentum; nil for the optimiser's own: 0.9, with Muon 0.95.
  public var beta1: Float?
  /// Decay of the second moment (AdamW) or of the momentum (Lion); nil for 0.999 and 0.99.
  public var beta2: Float?
  public var epsilon: Float = 1e-8
  /// Weights shrink by this times the learning rate.
  public var weightDecay: Float = 0.01
  /// Largest norm of all gradients together; nil for no clipping.
  public var maxGradientNorm: Float? = 1
  /// Arithmetic of Muon's iteration.
  public var dtype = DType.f32

  public init() {}

  /// The optimiser over some parameters.
  public func make(_ parameters: [Parameter]) -> any Optimizer {
    switch name {
    case .adamW: AdamW(parameters, self)
    case .lion: Lion(parameters, self)
    case .muon: Muon(parameters, self)
    }
  }

  /// What gradients of that norm are multiplied by: torch.nn.utils.clip_grad_norm_'s limit / (norm + 1e-6), at most 1.
  public func clipping(norm: Double) -> Float {
    maxGradientNorm.map { min(1, $0 / (Float(norm) + 1e-6)) } ?? 1
  }
}

extension Gradients {
  /// Norm of the gradients of some parameters together.
  public func norm(of parameters: [Parameter]) -> Double {
    Tensor.sumsOfSquares(parameters.compactMap { self[$0] }).reduce(0, +).squareRoot()
  }

  /// Adds another batch's gradients of some parameters.
  mutating func add(_ other: Gradients, of parameters: [Parameter]) {
    for parameter in parameters {
      guard let more = other[parameter] else { continue }
      self[parameter] = self[parameter].map { $0 + more } ?? more
    }
  }
}
