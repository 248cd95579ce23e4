import Foundation
import Lessons
import TensorCore
import TestSupport
import Testing
import Training

/// Samplers and likelihoods against normal data of a known deviation, whose score is `−x / (s² + σ²)`.
@Suite struct ScoreTests {
  private let deviation = 0.7
  private let levels = NoiseLevels(largest: 10, smallest: 0.02)

  private func score(_ x: Tensor, _ sigma: Double) -> Tensor {
    x * Float(-1 / (deviation * deviation + sigma * sigma))
  }

  private func direction(_ x: Tensor, _ sigma: Double) -> Tensor { score(x, sigma) * Float(-sigma) }

  private func noise(_ rows: Int, _ width: Int) -> Tensor {
    var random = ExampleRandom(seed: 2, example: 0, epoch: 0)
    return random.normal([rows, width])
  }

  private func deviation(_ x: Tensor) -> Double { (x.sumOfSquares / Double(x.count)).squareRoot() }

  @Test func theLadderHasEqualRatios() {
    let ladder = NoiseLevels(largest: 8, smallest: 1).ladder(4)
    expectClose(ladder.map(Float.init), [8, 4, 2, 1], rtol: 1e-6)
    #expect(abs(levels.share(levels.level(0.3)) - 0.3) < 1e-12)
  }

  @Test func langevinStepsEndAtTheData() {
    let sampler = AnnealedLangevin(levels: levels.ladder(20), steps: 40, step: 0.2)
    let drawn = sampler.sample(noise(4000, 2) * 10, seed: 5, score: score)
    #expect(abs(deviation(drawn) - deviation) < 0.03)
    // Other noise, other samples.
    #expect(drawn.floats() != sampler.sample(noise(4000, 2) * 10, seed: 6, score: score).floats())
  }

  /// The exact path is `x(σ) = x(σ₀) √((s² + σ²) / (s² + σ₀²))`.
  @Test(arguments: [(20, 0.02), (80, 0.0012)]) func thePathsOfTheFlow(steps: Int, tolerance: Float) {
    let start = noise(50, 2) * 10
    let square = deviation * deviation
    let smallest = levels.smallest * levels.smallest
    let factor = ((square + smallest) / (square + levels.largest * levels.largest)).squareRoot()
    // The last step takes the expected noise out.
    let last = square / (square + smallest)
    let drawn = ProbabilityFlow(levels: levels, steps: steps).sample(start, direction: direction)
    expectClose(drawn, start * Float(factor * last), rtol: tolerance, "\(steps) steps")
  }

  /// The density of data with the smallest level's noise, for which the prior of the largest level is nearly right.
  @Test(arguments: [2, 6]) func theLikelihoodOfTheFlow(width: Int) {
    let x = noise(20, width)
    let found = ProbabilityFlow(levels: levels, steps: 160).logLikelihood(x, seed: 1, direction: direction)
    let variance = deviation * deviation + levels.smallest * levels.smallest
    let values = x.floats()
    let expected = (0..<20).map { row in
      (0..<width).reduce(0.0) { sum, column in
        let number = Double(values[row * width + column])
        return sum - number * number / (2 * variance) - log(2 * .pi * variance) / 2
      }
    }
    expectClose(found.map(Float.init), expected.map(Float.init), atol: 0.01 * Float(width), "\(width) numbers")
  }

  /// The gradient of the loss against finite differences, the numbers of each example being the same every time.
  @Test func theLossHasItsGradient() throws {
    let model = ScoreModel(
      width: 2, hidden: 8, depth: 1, levels: NoiseLevels(largest: 3, smallest: 0.1),
      method: .langevin(levels: 4, steps: 1, step: 0.1), seed: 3)
    try expectGradient(of: model, named: "output.bias")
    try expectGradient(of: model, named: "input.weight")
  }

  @Test func aModelWithoutALadderHasLikelihoods() {
    func model(_ method: ScoreModel.Method) -> ScoreModel {
      ScoreModel(width: 2, hidden: 8, depth: 1, levels: levels, method: method, seed: 3)
    }
    let x = noise(3, 2)
    #expect(model(.langevin(levels: 3, steps: 1, step: 0.1)).logLikelihood(x, seed: 0) == nil)
    #expect(model(.probabilityFlow(steps: 4)).logLikelihood(x, seed: 0)?.count == 3)
  }
}
