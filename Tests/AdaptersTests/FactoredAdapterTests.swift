import Adapters
import Checkpoints
import Foundation
import Models
import NN
import ReferenceSupport
import TensorCore
import TestSupport
import Testing

/// Low-rank matrices beside weights do what merging them does, and can be trained while the weights are not.
@Suite struct FactoredAdapterTests {
  /// 1e-5 of the range: one more rounding for each product.
  private static let tolerance: Float = 1e-5

  /// A linear layer and a convolution with the fixtures' weights.
  private func layers(trainable: Bool = false) throws -> (Linear, Conv2d, [Parameter]) {
    let source = try #require(try AdapterFixtures.networks()[.unet])
    let store = ParameterStore(source, isTrainable: { _ in trainable })
    let p = store.root.down_blocks[0]
    let linear = Linear(p.attentions[0].transformer_blocks[0].attn1.to_q, 8, 12, bias: false)
    return (linear, Conv2d(p.resnets[0].conv1, 8, 12), store.parameters)
  }

  @Test(arguments: ["locon", "locon_tucker", "peft/adapter_model", "loha", "dora"], [Activation.none, .silu])
  func attachedEqualsMerged(_ file: String, _ activation: Activation) throws {
    let requests = [
      AdapterRequest(path: AdapterFixtures.url(file).path, weight: 0.7),
      AdapterRequest(path: AdapterFixtures.url("locon").path, weight: -0.3),
    ]
    let merger = try AdapterFixtures.merger(requests)
    var random = TestRandom(seed: 5)
    let (tokens, image) = (random.tensor([2, 3, 8]), random.tensor([1, 5, 6, 8]))
    let (residual, residualImage) = (random.tensor([2, 3, 12]), random.tensor([1, 5, 6, 12]))
    func run(_ change: ([Parameter]) -> Void) throws -> [Float] {
      let (linear, convolution, parameters) = try layers()
      change(parameters)
      return linear(tokens, residual: residual, activation: activation).floats()
        + convolution(image, residual: residualImage, activation: activation).floats()
        + linear(tokens).floats() + convolution(image).floats()
    }
    let plain = try run { _ in }
    let merged = try run { merger.merge(into: $0, of: .unet, precision: .float32) }
    let attached = try run { merger.attach(to: $0, of: .unet) }
    #expect(plain != merged)
    expectMatch(attached, merged, tolerance: Self.tolerance, file)
  }

  /// LoHa and DoRA have no low-rank form and are merged; the rest is attached. Reverting gives the first bits back.
  @Test(arguments: [("locon", 0, 2), ("loha", 2, 0), ("dora", 2, 0)])
  func revertRestoresEveryBit(_ file: String, _ merged: Int, _ attached: Int) throws {
    let merger = try AdapterFixtures.merger([AdapterRequest(path: AdapterFixtures.url(file).path)])
    let (_, _, parameters) = try layers()
    let before = parameters.map { $0.value.floats() }
    let applied = merger.attach(to: parameters, of: .unet)
    #expect(applied.mergedCount == merged && applied.attachedCount == attached)
    #expect(parameters.contains { !$0.adapters.isEmpty } == (attached > 0))
    applied.revert()
    #expect(parameters.map { $0.value.floats() } == before)
    #expect(parameters.allSatisfy { $0.adapters.isEmpty })
  }

  /// Gradients of trainable matrices beside a frozen weight are those of finite differences; the weight gets none.
  @Test func matricesTrainBesideAFrozenWeight() throws {
    let (linear, convolution, _) = try layers()
    var random = TestRandom(seed: 9)
    func parameter(_ name: String, _ shape: [Int]) -> Parameter {
      Parameter(name: name, value: random.tensor(shape), isTrainable: true)
    }
    let matrices = [
      parameter("a", [2, 8]), parameter("b", [12, 2]), parameter("c", [3, 8, 3, 3]), parameter("d", [12, 3]),
    ]
    linear.weight.attach(LowRankAdapter(down: matrices[0], up: matrices[1], scale: 0.5))
    convolution.weight.attach(LowRankAdapter(down: matrices[2], up: matrices[3], scale: 2))
    let (tokens, image) = (random.tensor([3, 8]), random.tensor([1, 4, 4, 8]))
    func loss() -> Tensor { linear(tokens).squared.sum() + convolution(image).squared.sum() }
    let (value, gradients) = valueAndGradients { loss() }
    #expect(value.scalar.isFinite)
    #expect(gradients[linear.weight] == nil && gradients[convolution.weight] == nil)
    for matrix in matrices {
      let gradient = try #require(gradients[matrix]).floats()
      let start = matrix.value.floats()
      let index = start.count / 2
      // The loss is quadratic in each value, so a central difference is exact but for rounding.
      func at(_ step: Float) -> Float {
        var values = start
        values[index] += step
        matrix.replace(with: Tensor(values, shape: matrix.shape))
        return loss().scalar
      }
      let difference = (at(0.5) - at(-0.5))
      matrix.replace(with: Tensor(start, shape: matrix.shape))
      #expect(abs(difference - gradient[index]) <= 1e-4 * (abs(gradient[index]) + value.scalar), "\(matrix.name)")
    }
  }
}
