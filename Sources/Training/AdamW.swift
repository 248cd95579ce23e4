import NN
import TensorCore

/// AdamW (Loshchilov & Hutter 2019) with gradient clipping by global norm, in torch's order of operations.
public struct AdamW: Sendable {
  /// The settings that do not change from step to step.
  public struct Settings: Sendable, Codable, Equatable {
    public var beta1: Float = 0.9
    public var beta2: Float = 0.999
    public var epsilon: Float = 1e-8
    public var weightDecay: Float = 0.01
    /// Largest norm of all gradients together; nil for no clipping.
    public var maxGradientNorm: Float? = 1

    public init() {}
  }

  public let settings: Settings
  public let parameters: [Parameter]
  /// First and second moments, in the order of `parameters`.
  public private(set) var firstMoments, secondMoments: [Tensor]
  /// Updates made so far.
  public private(set) var updateCount = 0

  public init(_ parameters: [Parameter], _ settings: Settings) {
    self.settings = settings
    self.parameters = parameters
    firstMoments = parameters.map { .zeros($0.shape) }
    secondMoments = parameters.map { .zeros($0.shape) }
  }

  /// Continues from saved moments.
  public mutating func restore(first: [Tensor], second: [Tensor], updateCount: Int) {
    firstMoments = first
    secondMoments = second
    self.updateCount = updateCount
  }

  /// Norm of all gradients together.
  public func gradientNorm(_ gradients: Gradients) -> Double {
    parameters.reduce(0.0) { $0 + (gradients[$1]?.sumOfSquares ?? 0) }.squareRoot()
  }

  /// Updates every parameter that has a gradient, in place.
  /// - Parameter norm: the norm of all gradients, from `gradientNorm`.
  public mutating func step(_ gradients: Gradients, norm: Double, learningRate: Float) {
    var scale: Float = 1
    if let limit = settings.maxGradientNorm {
      // torch.nn.utils.clip_grad_norm_: limit / (norm + 1e-6), never above 1.
      scale = min(1, limit / (Float(norm) + 1e-6))
    }
    updateCount += 1
    let step = AdamWStep(
      gradientScale: scale, learningRate: learningRate, beta1: settings.beta1, beta2: settings.beta2,
      epsilon: settings.epsilon, weightDecay: settings.weightDecay,
      biasCorrection1: 1 - Double.pow(Double(settings.beta1), updateCount),
      biasCorrection2: 1 - Double.pow(Double(settings.beta2), updateCount))
    for (i, parameter) in parameters.enumerated() {
      guard let gradient = gradients[parameter] else { continue }
      parameter.value.adamW(
        gradient: gradient, firstMoment: firstMoments[i], secondMoment: secondMoments[i], step)
    }
  }
}

extension Double {
  /// `base` to an integer power, by repeated squaring.
  fileprivate static func pow(_ base: Double, _ exponent: Int) -> Double {
    var (result, factor, rest) = (1.0, base, exponent)
    while rest > 0 {
      if rest & 1 == 1 { result *= factor }
      factor *= factor
      rest >>= 1
    }
    return result
  }
}
