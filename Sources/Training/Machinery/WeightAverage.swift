import NN
import TensorCore

/// A running average of the weights, which makes better pictures than the last step's (Ho et al. 2020, §4).
public struct WeightAverage: Sendable {
  public let profile: AverageProfile
  public private(set) var values: [Tensor]

  public init(_ parameters: [Parameter], _ profile: AverageProfile) {
    self.profile = profile
    values = parameters.map { $0.value.ownedFloat32() }
  }

  /// Continues from saved values.
  public mutating func restore(_ values: [Tensor]) { self.values = values }

  /// Takes in the weights after step `step` (from 1).
  public func update(_ parameters: [Parameter], step: Int) {
    let decay = profile.decay(step: step)
    for (value, parameter) in zip(values, parameters) {
      value.updateAverage(towards: parameter.value, decay: decay)
    }
  }

  /// Runs `body` with the averaged weights in place of the trained ones.
  public func withAverage<R>(_ parameters: [Parameter], _ body: () throws -> R) rethrows -> R {
    let trained = parameters.map(\.value)
    for (value, parameter) in zip(values, parameters) { parameter.replace(with: value) }
    defer { for (value, parameter) in zip(trained, parameters) { parameter.replace(with: value) } }
    return try body()
  }
}
