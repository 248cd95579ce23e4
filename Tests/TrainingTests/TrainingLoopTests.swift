import Foundation
import NN
import TensorCore
import Testing
import Training

/// A folder that is removed when the test ends.
final class ScratchFolder {
  let url: URL

  init() throws {
    url = FileManager.default.temporaryDirectory.appendingPathComponent("imago-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(at: url) }
}

@Suite struct TrainingLoopTests {
  private func settings(steps: Int) throws -> LoopSettings {
    let json = """
      {"steps": \(steps), "batch": 4, "learning_rate": 0.05, "warmup_steps": 3, "decay": "cosine",
       "average_decay": 0.9, "seed": 5, "log_every": 2, "save_every": 3, "sample_every": 100}
      """
    return try JSONDecoder().decode(LoopSettings.self, from: Data(json.utf8))
  }

  /// A linear model that learns a noisy target; the noise belongs to the step.
  private func run(_ folder: URL, stopAfter: Int? = nil, fingerprint: String = "a", spoilAt: Int? = nil) throws
    -> TrainingState
  {
    let store = ParameterStore(RandomInitialization(seed: 2), isTrainable: { _ in true })
    let layer = Linear(store.root.layer, 3, 2)
    let settings = try settings(steps: 12)
    var state = TrainingState(store.parameters, settings.optimizer, averageDecay: settings.averageDecay)
    var loop = TrainingLoop(settings, folder: folder, fingerprint: fingerprint)
    var finished = 0
    loop.shouldStop = {
      finished += 1
      return finished == stopAfter
    }
    try loop.run(&state) { step, random in
      let x = random.normal([4, 3])
      let loss = (layer(x) - x.slice(axis: 1, from: 0, count: 2)).squared.mean()
      return step == spoilAt ? loss * Float.nan : loss
    }
    return state
  }

  private func weights(_ state: TrainingState) -> [[Float]] {
    state.parameters.map { $0.value.floats() } + (state.average?.values.map { $0.floats() } ?? [])
  }

  @Test func resumesToTheSameBits() throws {
    let (whole, parts) = (try ScratchFolder(), try ScratchFolder())
    let uninterrupted = try run(whole.url)
    let stopped = try run(parts.url, stopAfter: 5)
    #expect(stopped.step == 5)
    let resumed = try run(parts.url)
    #expect(resumed.step == 12)
    #expect(weights(resumed) == weights(uninterrupted))
    let states = try [whole, parts].map {
      try Data(contentsOf: $0.url.appendingPathComponent("state.safetensors"))
    }
    #expect(states[0] == states[1], "moments, averages and counters too")
  }

  @Test func aStateOfAnotherRecipeIsRefused() throws {
    let folder = try ScratchFolder()
    _ = try run(folder.url, stopAfter: 4)
    #expect(throws: TrainingError.self) { try run(folder.url, fingerprint: "b") }
  }

  @Test func notANumberStopsTheRunAndKeepsTheLastGoodState() throws {
    let folder = try ScratchFolder()
    let file = folder.url.appendingPathComponent("state.safetensors")
    #expect(
      throws: TrainingError.nonFinite(step: 7, tensor: "the loss", lastGood: file.path)
    ) { try run(folder.url, spoilAt: 7) }
    let resumed = try run(folder.url)
    let clean = try run(try ScratchFolder().url)
    #expect(weights(resumed) == weights(clean), "what was saved before the bad step was good")
  }

  @Test func learningRateWarmsUpAndDecays() {
    let rate = LearningRate(peak: 1, warmupSteps: 4, totalSteps: 14, decay: .cosine, floor: 0.1)
    #expect(abs(rate.rate(at: 0) - 0.25) < 1e-12 && abs(rate.rate(at: 3) - 1) < 1e-12)
    // Half way down the cosine: the middle between peak and floor.
    #expect(abs(rate.rate(at: 9) - 0.55) < 1e-12 && abs(rate.rate(at: 14) - 0.1) < 1e-12)
  }

  /// Against torch's formula, worked by hand in double precision.
  @Test func adamWFollowsTorch() {
    let parameter = Parameter(name: "p", value: Tensor([1, -2] as [Float], shape: [2]), isTrainable: true)
    var settings = AdamW.Settings()
    settings.weightDecay = 0.1
    settings.maxGradientNorm = 1
    var optimizer = AdamW([parameter], settings)
    var (p, m, v) = ([1.0, -2.0], [0.0, 0.0], [0.0, 0.0])
    for step in 1...3 {
      let (_, gradients) = valueAndGradients { (parameter.tensor * Tensor([3, 4] as [Float], shape: [2])).sum() }
      let norm = optimizer.gradientNorm(gradients)
      #expect(abs(norm - 5) < 1e-9)
      optimizer.step(gradients, norm: norm, learningRate: 0.01)
      for i in 0..<2 {
        let g = [3.0, 4.0][i] * (1 / (5 + 1e-6))
        p[i] *= 1 - 0.01 * 0.1
        m[i] = 0.9 * m[i] + 0.1 * g
        v[i] = 0.999 * v[i] + 0.001 * g * g
        let (c1, c2) = (1 - pow(0.9, Double(step)), 1 - pow(0.999, Double(step)))
        p[i] -= 0.01 / c1 * m[i] / ((v[i] / c2).squareRoot() + 1e-8)
      }
    }
    // Three float32 updates: a few units in the last place.
    for (a, b) in zip(parameter.value.floats(), p) { #expect(abs(Double(a) - b) < 2e-6) }
  }
}
