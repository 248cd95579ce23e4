import Lessons
import TestSupport
import Testing

@Suite struct StepChoiceTests {
  private let choice = StepChoice(
    ratios: [900, 500, 120, 90, 30, 8, 6, 2, 0.5, 0.1],
    errors: [0.001, 0.004, 0.01, 0.03, 0.02, 0.3, 0.2, 0.9, 1.1, 1.4])

  /// Every choice there is, tried.
  @Test(arguments: [2, 3, 4, 6, 9, 10]) func theChoiceIsTheBestOfAll(count: Int) {
    var least = (cost: Double.infinity, timesteps: [Int]())
    for bits in 0..<(1 << 8) {
      let timesteps = [9] + (1...8).reversed().filter { bits >> ($0 - 1) & 1 == 1 } + [0]
      guard timesteps.count == count else { continue }
      let cost = choice.cost(timesteps)
      if cost < least.cost { least = (cost, timesteps) }
    }
    let found = choice.best(count)
    #expect(found == least.timesteps)
    for other in [choice.even(count), choice.karras(count)] {
      #expect(other.count == count && other.first == 9 && other.last == 0)
      #expect(zip(other, other.dropFirst()).allSatisfy { $0 > $1 } && choice.cost(other) >= choice.cost(found))
    }
  }

  @Test func aStepCostsWhatItsSignalGains() {
    #expect(abs(choice.cost(from: 7, to: 5) - 0.5 * (8 - 2) * 0.9) < 1e-12)
    #expect(abs(choice.cost([9, 7, 0]) - (0.5 * 1.9 * 1.4 + 0.5 * 898 * 0.9)) < 1e-9)
  }
}
