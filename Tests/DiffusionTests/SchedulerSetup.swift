import Checkpoints
import Diffusion
import Foundation
import ReferenceSupport
import TensorCore
import TestSupport
import Testing

/// A scheduler's class and configuration, as the metadata of a fixture describes it.
struct SchedulerSetup {
  let key: String
  let name: SamplerName
  let config: SchedulerConfig
  let sampler: any Sampler

  init(named key: String, in metadata: [String: String]) throws {
    let about = try #require(metadata["about"])
    let root = try JSONSerialization.jsonObject(with: Data(about.utf8)) as? [String: Any]
    let all = try #require(root?["samplers"] as? [String: Any])
    let entry = try #require(all[key] as? [String: Any])
    var settings = try #require(entry["config"] as? [String: Any])
    settings["_class_name"] = entry["class"]
    self.key = key
    config = try JSONDecoder().decode(
      SchedulerConfig.self, from: JSONSerialization.data(withJSONObject: settings))
    name = try #require(SamplerName(config))
    // TCD's step has γ = 0.3 where nothing is said.
    let eta = (entry["extra"] as? [String: Any])?["eta"] as? Double ?? (name == .tcd ? 0.3 : 0)
    sampler = name.make(config, eta: eta)
  }

  /// The set-ups of a fixture.
  static func names(in file: TensorFile) -> [String] {
    Set(file.keys.compactMap { $0.split(separator: ".").first.map(String.init) }).sorted()
  }

  /// The smooth function that stands in for a network.
  static func standIn(_ x: Tensor, _ t: Float) -> Tensor {
    let t = Double(t) / 1000
    let (slope, shift) = (Float(0.3 * cos(3 * t)), Float(0.05 * sin(7 * t)))
    return x.scaled(by: slope, adding: (x * 2).applying(.sin), times: 0.2, plus: shift)
  }

  /// Expects what the preview takes for the clean sample to be what one step to no noise ends in.
  static func expectOneStepEndsInTheCleanSample(
    _ name: SamplerName, _ config: SchedulerConfig, tolerance: Float, _ label: String,
    sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    let sampler = name.make(config, eta: 0)
    let plan = try sampler.plan(steps: 1)
    var noise = NoiseSource(.torch, seeds: [3])
    var clean: Tensor?
    let result = try sampler.sample(
      sampler.enter(noise.normal([1, 2, 4, 4]), plan: plan), plan: plan, noise: &noise,
      predict: { x, t, _ in
        let output = standIn(x, 1)
        clean = Denoised(config).clean(output, seen: x, told: t)
        return output
      }, onStep: { _ in nil })
    expectMatch(
      try #require(clean).floats(), result.floats(), tolerance: tolerance, label, sourceLocation: sourceLocation)
  }

  // MARK: - Timesteps and levels

  /// Whether timesteps are whole numbers or float32 numbers that no logarithm goes into.
  private var hasExactTimesteps: Bool {
    switch name {
    case .lms, .euler, .heun:
      !["karras", "exponential", "euler_beta", "heun_beta", "continuous"].contains { key.contains($0) }
    case .dpm2, .dpm2Ancestral: false
    default: true
    }
  }

  /// Expects the plan's timesteps to be the stored ones.
  ///
  /// Equal, but where they come from noise levels by interpolation in ln σ: numpy's float32 logarithm is off by up to
  /// 4 ulp (as its documentation allows), which neighbouring levels, 0.2 % apart, magnify to 1e-4 of a timestep.
  func expectTimesteps(_ found: [Float], _ stored: [Float]) {
    guard !hasExactTimesteps else {
      #expect(found == stored, "timesteps of \(key)")
      return
    }
    expectClose(found, stored, atol: key.contains("continuous") ? 1e-6 : 5e-4, "timesteps of \(key)")
  }

  /// Expects the plan's noise levels to be the stored ones.
  ///
  /// To one ulp: what was stored took a vectorised square root that is off by up to 0.75 ulp, ours is correctly
  /// rounded. Rescaling to no signal at the end subtracts such roots, and interpolation in ln σ takes a float32
  /// logarithm.
  func expectSigmas(_ plan: SamplingPlan, _ stored: [Float]) {
    let found = storedLayout(plan, count: stored.count)
    #expect(found.count == stored.count, "levels of \(key)")
    let allowed: Float = config.rescaleBetasZeroSNR ? 16 : key.contains("log") || key.contains("lu") ? 2 : 1
    for (f, s) in zip(found, stored) where abs(f - s) > allowed * s.ulp {
      Issue.record("level \(f) of \(key), stored \(s)")
    }
  }

  /// The plan's levels as diffusers lists them: DPM2's midpoints are held apart, and the level after takes their place.
  private func storedLayout(_ plan: SamplingPlan, count: Int) -> [Float] {
    let sigmas = plan.sigmas.map { Float($0) }
    guard name == .dpm2 || name == .dpm2Ancestral else {
      // Log-linear levels have a last one of their own, and no step goes to the zero after it.
      return key.contains("log_linear") ? sigmas + [0] : sigmas
    }
    let levels = stride(from: 0, to: sigmas.count - 1, by: 2).map { sigmas[$0] }
    return levels.prefix(1) + levels.dropFirst().flatMap { [$0, $0] } + [0, 0, 0]
  }

  // MARK: - Runs

  /// Runs the plan and expects each step's sample, `[C, H, W]` after one another, within a share of its range.
  func expectTrajectory(
    _ stored: [Float], from start: Tensor, _ plan: SamplingPlan, _ noise: inout NoiseSource, tolerance: Float
  ) throws {
    let size = start.count
    try #require(stored.count == plan.indices.count * size, "entries of \(key)'s trajectory")
    var visited = 0
    _ = try sampler.sample(
      start, plan: plan, noise: &noise, predict: { x, t, _ in Self.standIn(x, t) },
      onStep: { step in
        let part = Array(stored[(visited * size)..<((visited + 1) * size)])
        expectMatch(
          step.sample.channelsFirstFloats(), part, tolerance: tolerance, "\(key), step \(step.index) of \(step.count)")
        visited += 1
        return nil
      })
    #expect(visited == plan.indices.count)
  }
}
