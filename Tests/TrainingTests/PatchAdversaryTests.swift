import Diffusion
import Models
import NN
import TensorCore
import Testing
import Training

/// A discriminator that learns beside an autoencoder.
@Suite struct PatchAdversaryTests {
  private let (real, decoded): (Tensor, Tensor)

  init() {
    var numbers = NoiseSource(.torch, seeds: [1, 2])
    real = numbers.normal([2, 16, 24, 3]).scaled(by: 0.4)
    decoded = real.scaled(by: 0.8, adding: numbers.normal([2, 16, 24, 3]), times: 0.1)
  }

  private func reconstruction(_ x: Tensor) -> Tensor {
    let difference = x - real
    return difference.applying(.abs).mean() + difference.squared.mean() * 3
  }

  private func loss(_ adversary: PatchAdversary, _ x: Tensor) -> Tensor {
    adversary.loss(x, real) { reconstruction($0) }
  }

  private func norm(_ x: Tensor) -> Double { x.sumOfSquares.squareRoot() }

  /// The pull has the share of the reconstruction's that was asked for, and makes the judge surer that it sees something
  /// real; what is decoded learns nothing from what the judge is told.
  @Test(arguments: [Float(0.25), 4]) func decodedPicturesArePulled(weight: Float) throws {
    let adversary = PatchAdversary(weight: weight, dtype: .f32, seed: 3)
    let variable = Variable(decoded)
    let (value, gradients) = valueAndGradients { loss(adversary, variable.value) }
    let pull = try #require(gradients[variable])
    let own = Variable(decoded)
    let plain = try #require(valueAndGradients { reconstruction(own.value) }.gradients[own])
    #expect(abs(norm(pull) / norm(plain) - Double(weight)) < 1e-4 * Double(weight))
    // All of the value is the judge's loss, which grows as it takes the decoded for real.
    let step = 0.5 / Float(norm(pull))
    let moved = loss(adversary, decoded.scaled(by: 1, adding: pull, times: -step)).scalar
    #expect(value.scalar > 0 && moved > value.scalar, "\(moved) after \(value.scalar)")
  }

  /// The judge learns only to tell apart, however strongly it pulls.
  @Test func theJudgeLearnsToTellApart() throws {
    let (weak, strong) = (
      PatchAdversary(weight: 0.1, dtype: .f32, seed: 3), PatchAdversary(weight: 9, dtype: .f32, seed: 3)
    )
    func gradients(_ adversary: PatchAdversary) throws -> [[Float]] {
      let variable = Variable(decoded)
      let found = valueAndGradients { loss(adversary, variable.value) }.gradients
      return try adversary.group.parameters.map { try #require(found[$0], "\($0.name)").floats() }
    }
    let found = try gradients(weak)
    #expect(try found == gradients(strong))
    let before = loss(weak, decoded).scalar
    for (parameter, gradient) in zip(weak.group.parameters, found) {
      parameter.replace(
        with: parameter.value.scaled(by: 1, adding: Tensor(gradient, shape: parameter.shape), times: -0.02))
    }
    #expect(loss(weak, decoded).scalar < before)
  }

  @Test func answersAreOfPatchesAndOfOnePicture() {
    let store = ParameterStore(RandomInitialization(seed: 5))
    let judge = PatchDiscriminator(store.root, width: 8)
    let both = judge(real)
    #expect(both.shape == [2, 2, 3, 1])
    #expect(both.slice(axis: 0, from: 1, count: 1).floats() == judge(real.slice(axis: 0, from: 1, count: 1)).floats())
  }
}
