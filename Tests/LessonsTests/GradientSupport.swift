import Lessons
import NN
import TensorCore
import TestSupport
import Testing
import Training

/// The gradient of a model's loss by one of its weights is that of finite differences.
/// - Parameter tolerance: relative; a loss of some size has differences that are the coarser.
func expectGradient(
  of model: any GenerativeModel, named name: String, width: Int = 2, tolerance: Float = 1e-3,
  sourceLocation: SourceLocation = #_sourceLocation
) throws {
  let parameter = try #require(
    model.groups.flatMap(\.parameters).first { $0.name == name }, sourceLocation: sourceLocation)
  let fresh = (0..<6).map { ExampleRandom(seed: 9, example: $0, epoch: 0) }
  var first = fresh
  let x = first.normal(like: [6, width])
  func loss() -> Tensor {
    var random = fresh
    return model.loss(x, random: &random)
  }
  let found = try #require(valueAndGradients { loss() }.gradients[parameter], sourceLocation: sourceLocation)
  let start = parameter.value.floats()
  let expected = finiteDifference(at: start, step: 0x1p-7) { moved in
    parameter.replace(with: Tensor(moved, shape: parameter.shape))
    return Double(loss().scalar)
  }
  parameter.replace(with: Tensor(start, shape: parameter.shape))
  expectClose(
    found.floats(), expected.map(Float.init), atol: tolerance / 5, rtol: tolerance, name, sourceLocation: sourceLocation
  )
  #expect(expected.contains { abs($0) > 1e-3 }, "\(name): no gradient to speak of", sourceLocation: sourceLocation)
}

/// A weight moved away from its start, so that no branch is closed.
func stir(_ model: any GenerativeModel, seed: UInt64 = 4) {
  for (index, parameter) in model.groups.flatMap(\.parameters).enumerated() {
    var random = ExampleRandom(seed: seed, example: index, epoch: 0)
    parameter.replace(with: random.normal(parameter.shape) * 0.4)
  }
}
