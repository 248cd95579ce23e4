import Foundation
import Lessons
import NN
import TensorCore
import TestSupport
import Testing
import Training

@Suite struct ModelKindTests {
  private func rows(_ count: Int, _ width: Int) -> Tensor {
    var random = ExampleRandom(seed: 8, example: 0, epoch: 0)
    return random.normal([count, width])
  }

  // MARK: - Flow

  @Test(arguments: [2, 3, 6]) func aFlowGoesBack(width: Int) {
    let flow = CouplingFlow(width: width, couplings: 5, hidden: 6, depth: 1, seed: 1)
    stir(flow)
    let x = rows(7, width)
    let (z, _) = flow.forward(x)
    expectClose(flow.inverse(z), x, atol: 2e-4, rtol: 1e-3)
    #expect(zip(z.floats(), x.floats()).contains { abs($0 - $1) > 0.1 })
  }

  /// The change of volume against the determinant of a Jacobian by finite differences.
  @Test func theVolumeIsTheDeterminant() {
    let flow = CouplingFlow(width: 2, couplings: 4, hidden: 6, depth: 1, seed: 1)
    stir(flow)
    for point in [[0.3, -0.8], [1.2, 0.4], [-0.5, -0.1]] as [[Float]] {
      let columns = (0..<2).map { output in
        finiteDifference(at: point) { moved in
          Double(flow.forward(Tensor(moved, shape: [1, 2])).z.floats()[output])
        }
      }
      let determinant = columns[0][0] * columns[1][1] - columns[0][1] * columns[1][0]
      let volume = flow.forward(Tensor(point, shape: [1, 2])).logVolume.scalar
      expectClose([volume], [Float(log(abs(determinant)))], atol: 1e-3, rtol: 1e-3)
    }
  }

  @Test func theDensityOfAFlowIsOne() throws {
    let flow = CouplingFlow(width: 2, couplings: 3, hidden: 6, depth: 1, seed: 1)
    stir(flow)
    let (step, reach) = (0.1, 120)
    let places = (-reach...reach).flatMap { y in (-reach...reach).flatMap { [Float($0) * 0.1, Float(y) * 0.1] } }
    let x = Tensor(places, shape: [places.count / 2, 2])
    let sum = try #require(flow.logLikelihood(x, seed: 0)).reduce(0) { $0 + exp($1) * step * step }
    #expect(abs(sum - 1) < 0.02)
  }

  @Test func aFlowLearnsItsLikelihood() throws {
    let flow = CouplingFlow(width: 2, couplings: 2, hidden: 4, depth: 1, seed: 1)
    stir(flow)
    try expectGradient(of: flow, named: "couplings.0.output.bias")
    try expectGradient(of: flow, named: "couplings.1.input.weight")
  }

  // MARK: - Autoencoder

  /// With a decoder that makes the same of every cause the density is a normal one, whatever the guess.
  @Test func theBoundMeetsAKnownDensity() throws {
    let model = VariationalAutoencoder(width: 2, latent: 2, hidden: 6, depth: 1, seed: 1)
    stir(model)
    let parameters = model.groups.flatMap(\.parameters)
    func set(_ name: String, _ values: [Float]) throws {
      let parameter = try #require(parameters.first { $0.name == name })
      parameter.replace(with: Tensor(values, shape: parameter.shape))
    }
    try set("decoder.output.weight", Array(repeating: 0, count: 12))
    try set("decoder.output.bias", [0.3, -0.2])
    // The deviation's logarithm begins at −4; 3.2 more is −0.8.
    try set("log_variance", [3.2])
    let x = rows(5, 2)
    let variance = exp(-0.8)
    let values = x.floats()
    let exact = (0..<5).map { row in
      let away = (Double(values[2 * row]) - 0.3, Double(values[2 * row + 1]) + 0.2)
      return -(away.0 * away.0 + away.1 * away.1) / (2 * variance) - log(2 * .pi * variance)
    }
    let found = try #require(model.logLikelihood(x, seed: 3))
    // Of 256 causes drawn from a guess that is wide of the prior.
    expectClose(found.map(Float.init), exact.map(Float.init), atol: 0.6)
    var (sum, count) = (0.0, 0)
    for example in 0..<40 {
      var random = (0..<5).map { ExampleRandom(seed: 1, example: 5 * example + $0, epoch: 0) }
      sum -= Double(model.loss(x, random: &random).scalar)
      count += 1
    }
    // What is learnt lies below the density by how far the guess is from the prior.
    #expect(sum / Double(count) < exact.reduce(0, +) / 5)
  }

  @Test func anAutoencoderLearnsItsBound() throws {
    let model = VariationalAutoencoder(width: 2, latent: 2, hidden: 5, depth: 1, seed: 1)
    for name in ["encoder.output.weight", "decoder.input.weight", "log_variance"] {
      // Through a deviation of e⁻² the loss is a few hundred.
      try expectGradient(of: model, named: name, tolerance: 0.02)
    }
  }

  // MARK: - Adversarial pair

  /// Each network has the gradient of its own part of the loss alone, which finite differences of the whole would not show: the
  /// parts are computed again from the layers.
  @Test func theJudgeAndTheMakerEachHaveTheirOwnGradient() throws {
    let pair = AdversarialPair(width: 2, latent: 2, hidden: 4, depth: 0, blur: 0, seed: 1)
    stir(pair)
    let groups = pair.groups
    let names = Dictionary(uniqueKeysWithValues: groups.flatMap(\.parameters).map { ($0.name, $0) })
    func network(_ part: String, _ x: Tensor) throws -> Tensor {
      func weight(_ name: String) throws -> Tensor { try #require(names["\(part).\(name)"]).value }
      let h = x.linear(try weight("input.weight"), bias: try weight("input.bias")).silu
      return h.linear(try weight("output.weight"), bias: try weight("output.bias"))
    }
    let fresh = (0..<4).map { ExampleRandom(seed: 2, example: $0, epoch: 0) }
    let x = rows(4, 2)
    var drawing = fresh
    let z = drawing.normal(like: [4, 2])
    func softplus(_ x: Tensor) -> Double { Double(x.applying(.softplus).mean().scalar) }
    let gradients = valueAndGradients {
      var random = fresh
      return pair.loss(x, random: &random)
    }.gradients
    func check(_ name: String, _ part: () throws -> Double) throws {
      let parameter = try #require(names[name])
      let start = parameter.value.floats()
      let expected = try start.indices.map { index -> Float in
        func value(_ shift: Float) throws -> Double {
          var moved = start
          moved[index] += shift
          parameter.replace(with: Tensor(moved, shape: parameter.shape))
          return try part()
        }
        let step: Float = 0x1p-6
        return Float((try value(step) - value(-step)) / Double(2 * step))
      }
      parameter.replace(with: Tensor(start, shape: parameter.shape))
      let found = try #require(gradients[parameter])
      expectClose(found.floats(), expected, atol: 5e-4, rtol: 5e-3, name)
    }
    let made = try network("maker", z)
    try check("judge.input.weight") {
      softplus(-(try network("judge", x))) + softplus(try network("judge", made))
    }
    try check("maker.input.weight") { softplus(-(try network("judge", network("maker", z)))) }
    try check("maker.output.bias") { softplus(-(try network("judge", network("maker", z)))) }
  }

  @Test func noDensityIsMadeUp() {
    let pair = AdversarialPair(width: 2, latent: 3, hidden: 4, depth: 1, blur: 0.1, seed: 1)
    #expect(pair.logLikelihood(rows(2, 2), seed: 0) == nil && pair.sample(5, seed: 1).shape == [5, 2])
    #expect(pair.sample(5, seed: 1).floats() != pair.sample(5, seed: 2).floats())
  }
}
