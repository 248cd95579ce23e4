import NN
import TensorCore

/// Lion (Chen et al. 2023, alg. 2): the sign of a momentum, so half of AdamW's memory. It wants a third to a tenth of
/// AdamW's learning rate and three to ten times its weight decay.
public struct Lion: Optimizer {
  public let settings: OptimizerSettings
  public let parameters: [Parameter]
  private var momenta: [Tensor]
  public private(set) var updateCount = 0

  public init(_ parameters: [Parameter], _ settings: OptimizerSettings) {
    (self.parameters, self.settings) = (parameters, settings)
    momenta = parameters.map { .zeros($0.shape) }
  }

  public var buffers: [OptimizerBuffer] { [OptimizerBuffer(name: "momentum", tensors: momenta)] }

  public mutating func restore(_ buffers: [OptimizerBuffer], updateCount: Int) {
    momenta = buffers[0].tensors.compactMap { $0 }
    self.updateCount = updateCount
  }

  public mutating func step(_ gradients: Gradients, scale: Float, rates: [Float]) {
    updateCount += 1
    let (beta1, beta2) = (settings.beta1 ?? 0.9, settings.beta2 ?? 0.99)
    for (i, parameter) in parameters.enumerated() {
      guard let gradient = gradients[parameter]?.scaled(by: scale) else { continue }
      let direction = momenta[i].scaled(by: beta1, adding: gradient, times: 1 - beta1).sign
      let value = parameter.value
      parameter.replace(
        with: value.scaled(by: 1 - rates[i] * settings.weightDecay, adding: direction, times: -rates[i]))
      momenta[i] = momenta[i].scaled(by: beta2, adding: gradient, times: 1 - beta2)
    }
  }
}

extension Tensor {
  /// −1, 0 or 1; values below 1e−30 come out smaller than 1.
  fileprivate var sign: Tensor { scaled(by: 1e30).clamped(-1, 1) }
}
