import NN
import TensorCore

/// Parameters that are trained alike.
public struct ParameterGroup: Sendable {
  /// What it is called in the log, such as `unet`.
  public let name: String
  public let parameters: [Parameter]
  /// The group's learning rate as a multiple of the run's.
  public let rateFactor: Double

  public init(_ name: String, _ parameters: [Parameter], rateFactor: Double = 1) {
    (self.name, self.parameters, self.rateFactor) = (name, parameters, rateFactor)
  }

  /// Numbers in all.
  public var size: Int { parameters.reduce(0) { $0 + $1.shape.reduce(1, *) } }
}

/// What a run learns.
public protocol Objective<Batch> {
  associatedtype Batch

  /// What is trained.
  var groups: [ParameterGroup] { get }
  /// Whether a batch's loss is the mean of its examples' losses, so that parts of it can be computed apart.
  var isMeanOfExamples: Bool { get }

  /// The mean loss over a batch's examples, a scalar computed from the parameters.
  /// - Parameter random: the numbers of each example.
  func loss(_ batch: Batch, random: inout [ExampleRandom]) throws -> Tensor
}

extension Objective {
  public var isMeanOfExamples: Bool { true }
}
