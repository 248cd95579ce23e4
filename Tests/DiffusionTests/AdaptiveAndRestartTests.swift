import Checkpoints
import Diffusion
import Foundation
import ReferenceSupport
import TensorCore
import TestSupport
import Testing

/// DPM fast, DPM adaptive and Restart, against k-diffusion and AUTOMATIC1111.
@Suite struct AdaptiveAndRestartTests {
  /// A stored run: `MODEL.NAME.STEPS[.eta0][.fromSTART]`.
  struct Run: Sendable, CustomTestStringConvertible {
    let key: String
    var testDescription: String { key }
    private var parts: [String] { key.split(separator: ".").map(String.init) }

    var steps: Int { Int(parts[2]) ?? 0 }
    /// Steps image to image leaves out.
    var start: Int { parts.compactMap { $0.hasPrefix("from") ? Int($0.dropFirst(4)) : nil }.first ?? 0 }
    var sampler: any Sampler {
      let eta = parts.contains("eta0") ? 0.0 : 1
      return switch parts[1] {
      case "fast": DPMFastSampler(SchedulerConfig(), eta: eta)
      case "adaptive": DPMAdaptiveSampler(SchedulerConfig(), eta: eta)
      default: RestartSampler(SchedulerConfig())
      }
    }

    func predict(_ x: Tensor, _ t: Float) -> Tensor {
      parts[0] == "gaussian"
        ? AdaptiveAndRestartTests.gaussian(x, t) : SchedulerSetup.standIn(x, t)
    }
  }

  /// `ln σ` of the training timesteps of the original code.
  private static let logSigmas: [Double] = {
    let (first, last) = (0.00085.squareRoot(), 0.012.squareRoot())
    var bar = 1.0
    return (0..<1000).map { step in
      let root = first + (last - first) * Double(step) / 999
      bar *= 1 - root * root
      return log((1 - bar) / bar) / 2
    }
  }()

  /// The best denoiser of data of deviation 1/2, in the form of noise, at a timestep between those of training.
  private static func gaussian(_ x: Tensor, _ t: Float) -> Tensor {
    let low = min(Int(t), logSigmas.count - 2)
    let share = Double(t) - Double(low)
    let sigma = exp((1 - share) * logSigmas[low] + share * logSigmas[low + 1])
    return x * Float(sigma * (1 + sigma * sigma).squareRoot() / (0.25 + sigma * sigma))
  }

  static let runs = ["gaussian", "standin"].flatMap { model in
    [
      "fast.9", "fast.10", "fast.11.eta0", "fast.2", "fast.10.from4", "adaptive.10", "adaptive.10.eta0",
      "adaptive.10.from4", "restart.12", "restart.20", "restart.36", "restart.50", "restart.40.from15",
    ].map { Run(key: "\(model).\($0)") }
  }

  @Test func everyRunIsCovered() throws {
    let file = try TensorFile(fixtureURL("samplers_a1111/expected.safetensors"))
    #expect(Set(file.keys) == Set(Self.runs.map(\.key)))
  }

  /// 5e-6 of the range: the reference computes levels in float32, and up to a hundred steps carry the rounding on; more
  /// where rounding decides how long steps are.
  @Test(arguments: runs) func run(_ run: Run) throws {
    let file = try TensorFile(fixtureURL("samplers_a1111/expected.safetensors"))
    let sampler = run.sampler
    var noise = NoiseSource(.torch, seeds: [7])
    let whole = try sampler.plan(steps: run.steps)
    let plan = whole.starting(at: run.start)
    let drawn = noise.normal([1, 2, 4, 4])
    let start = sampler.enter(drawn, clean: run.start > 0 ? .zeros(drawn.shape) : nil, plan: plan)
    var last: SamplingStep?
    let end = try sampler.sample(
      start, plan: plan, noise: &noise, predict: { x, t, _ in run.predict(x, t) },
      onStep: {
        #expect($0.index >= last?.index ?? 0 && $0.index < $0.count)
        last = $0
        return nil
      })
    let tolerance: Float = sampler is DPMAdaptiveSampler ? 3e-4 : 5e-6
    expectMatch(end.channelsFirstFloats(), try file.tensor(run.key).floats(), tolerance: tolerance, run.key)
    #expect(last?.sample.floats() == end.floats() && last?.level.signal == 1)
  }

  /// Calls of the network are as many as asked for, and levels fall where nothing restarts.
  @Test(arguments: 1...12) func fastPlan(steps: Int) throws {
    let plan = try DPMFastSampler(SchedulerConfig(), eta: 0).plan(steps: steps)
    #expect(plan.timesteps.count == steps && plan.order == 1)
    #expect(zip(plan.sigmas, plan.sigmas.dropFirst()).allSatisfy { $0 > $1 })
    #expect(abs(plan.sigmas[steps] - 0.0292) < 1e-4 && plan.initialNoiseScale == plan.sigmas[0])
  }

  @Test(arguments: [(19, 0), (20, 1), (35, 1), (36, 2), (50, 2)]) func restarts(steps: Int, expected: Int) throws {
    let plan = try SamplerName.restart.make(SchedulerConfig(), eta: 0).plan(steps: steps)
    #expect(plan.timesteps.count == 2 * steps - 1)
    #expect(zip(plan.sigmas, plan.sigmas.dropFirst()).count { $0 < $1 } == expected)
    #expect(plan.sigmas.last == 0)
  }

  @Test(arguments: [SamplerName.dpmFast, .dpmAdaptive, .restart], [2, 5, 20]) func nothingIsRunAtTheEnd(
    name: SamplerName, steps: Int
  ) throws {
    let sampler = name.make(SchedulerConfig(), eta: 0)
    let plan = try sampler.plan(steps: steps).starting(strength: 0)
    var noise = NoiseSource(.torch, seeds: [7])
    let x = noise.normal([1, 2, 2, 4])
    let end = try sampler.sample(
      x, plan: plan, noise: &noise, predict: { _, _, _ in throw NotAsked() }, onStep: { _ in nil })
    #expect(end.floats() == x.floats())
  }

  private struct NotAsked: Error {}

  /// Steps of one picture do not depend on its neighbours, nor does its noise.
  @Test(arguments: [SamplerName.dpmFast, .dpmAdaptive, .restart]) func neighbours(name: SamplerName) throws {
    let sampler = name.make(SchedulerConfig(), eta: 0)
    let plan = try sampler.plan(steps: 20)
    func end(_ seeds: [UInt64]) throws -> Tensor {
      var noise = NoiseSource(.torch, seeds: seeds)
      let start = sampler.enter(noise.normal([seeds.count, 2, 4, 4]), plan: plan)
      return try sampler.sample(
        start, plan: plan, noise: &noise, predict: { x, t, _ in SchedulerSetup.standIn(x, t) }, onStep: { _ in nil })
    }
    let all = try end([3, 4, 5])
    for (row, seed) in [UInt64(3), 4, 5].enumerated() {
      #expect(try end([seed]).floats() == all.slice(axis: 0, from: row, count: 1).floats())
    }
  }

  /// Errors of steps add up to a few times what each may have; the exact path keeps `x / √(1/4 + σ²)`.
  @Test func adaptiveKeepsItsTolerance() throws {
    func error(_ tolerance: Float) throws -> Double {
      let sampler = DPMAdaptiveSampler(
        SchedulerConfig(), eta: 0, relativeTolerance: tolerance, absoluteTolerance: tolerance / 6)
      let plan = try sampler.plan(steps: 10)
      var noise = NoiseSource(.torch, seeds: [5])
      let start = sampler.enter(noise.normal([1, 4, 4, 4]), plan: plan)
      let end = try sampler.sample(
        start, plan: plan, noise: &noise, predict: { x, t, _ in Self.gaussian(x, t) }, onStep: { _ in nil })
      func spread(_ sigma: Double) -> Double { (0.25 + sigma * sigma).squareRoot() }
      let ratio = spread(plan.sigmas[10]) / spread(plan.sigmas[0])
      return zip(start.floats(), end.floats()).map { abs(Double($1) / (Double($0) * ratio) - 1) }.max() ?? 0
    }
    let errors = try [0.05, 0.01, 0.002, 0.0005].map { (tolerance: $0, error: try error(Float($0))) }
    #expect(errors.allSatisfy { $0.error < 10 * $0.tolerance }, "\(errors)")
    #expect(errors[3].error < errors[0].error / 10, "\(errors)")
  }

  /// A network that has broken down is said, not waited for.
  @Test func notFinite() throws {
    let sampler = SamplerName.dpmAdaptive.make(SchedulerConfig(), eta: 0)
    let plan = try sampler.plan(steps: 10)
    var noise = NoiseSource(.torch, seeds: [5])
    let start = sampler.enter(noise.normal([1, 2, 2, 4]), plan: plan)
    #expect {
      try sampler.sample(start, plan: plan, noise: &noise, predict: { x, _, _ in x * .nan }, onStep: { _ in nil })
    } throws: { error in
      guard case .diverged("dpm-adaptive", _)? = error as? SamplerError else { return false }
      return !"\(error)".contains("\n")
    }
  }
}
