import Foundation
import TensorCore
import TestSupport
import Testing

@Suite struct LossTests {
  @Test func crossEntropyHasItsGradient() {
    var random = TestRandom(seed: 4)
    let targets = Tensor([0.2, 0.5, 0.3, 1, 0, 0, 0, 0, 0] as [Float], shape: [3, 3], device: .reference)
    checkGradient([random.tensor([3, 3], device: .reference)]) { $0[0].crossEntropy(targets).reshaped([1]) }
  }

  @Test func crossEntropyIsTheMeanOverRows() {
    let logits = Tensor([1, 2, 3, 0, 0, 0] as [Float], shape: [2, 3])
    let targets = Tensor([0, 0, 1, 0.5, 0.5, 0] as [Float], shape: [2, 3])
    let first = log(exp(1.0) + exp(2.0) + exp(3.0)) - 3
    expectClose([logits.crossEntropy(targets).scalar], [Float((first + log(3.0)) / 2)], atol: 1e-6, "cross-entropy")
  }

  /// Softmax's smallest value is 0 here, whose logarithm is none.
  @Test func beingSureAndWrongCostsALargeNumber() {
    let logits = Variable(Tensor([0, 400] as [Float], shape: [1, 2]))
    let (value, gradients) = valueAndGradients { logits.value.crossEntropy(Tensor([1, 0] as [Float], shape: [1, 2])) }
    #expect(value.scalar == 400)
    #expect(gradients[logits]?.floats() == [-1, 1])
  }
}
