import NN
import TensorCore

/// AdamW (Loshchilov & Hutter 2019), in torch's order of operations.
public struct AdamW: Optimizer {
  public let settings: OptimizerSettings
  public let parameters: [Parameter]
  private var firstMoments, secondMoments: [Tensor]
  public private(set) var updateCount = 0

  public init(_ parameters: [Parameter], _ settings: OptimizerSettings) {
    self.settings = settings
    self.parameters = parameters
    firstMoments = parameters.map { .zeros($0.shape) }
    secondMoments = parameters.map { .zeros($0.shape) }
  }

  public var buffers: [OptimizerBuffer] {
    [OptimizerBuffer(name: "first", tensors: firstMoments), OptimizerBuffer(name: "second", tensors: secondMoments)]
  }

  public mutating func restore(_ buffers: [OptimizerBuffer], updateCount: Int) {
    firstMoments = buffers[0].tensors.compactMap { $0 }
    secondMoments = buffers[1].tensors.compactMap { $0 }
    self.updateCount = updateCount
  }

  public mutating func step(_ gradients: Gradients, scale: Float, rates: [Float]) {
    updateCount += 1
    for (i, parameter) in parameters.enumerated() {
      guard let gradient = gradients[parameter] else { continue }
      parameter.value.adamW(
        gradient: gradient, firstMoment: firstMoments[i], secondMoment: secondMoments[i],
        settings.adamWStep(updateCount, scale: scale, rate: rates[i]))
    }
  }
}

extension OptimizerSettings {
  /// One update's numbers.
  func adamWStep(_ updateCount: Int, scale: Float, rate: Float) -> AdamWStep {
    let (beta1, beta2) = (name == .adamW ? beta1 ?? 0.9 : 0.9, beta2 ?? 0.999)
    return AdamWStep(
      gradientScale: scale, learningRate: rate, beta1: beta1, beta2: beta2, epsilon: epsilon, weightDecay: weightDecay,
      biasCorrection1: 1 - Double.pow(Double(beta1), updateCount),
      biasCorrection2: 1 - Double.pow(Double(beta2), updateCount))
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
