import Diffusion
import Foundation
import ReferenceSupport
import TensorCore
import Testing

/// Whole runs of the samplers against diffusers' schedulers, fresh noise included.
@Suite struct SamplerTrajectoryTests {
  static let names = [
    "ddpm", "ddpm_clip_linear", "ddpm_cosine", "ddpm_fixed_large", "ddpm_v", "ddpm_x0", "ddim",
    "ddim_eta", "ddim_v_zsnr_trailing",
  ]

  /// 1e-5 of the range: diffusers computes a step's scalars in float32, with errors of a few 1e-7
  /// that twenty steps carry on; the worst here is 2e-6.
  @Test(arguments: names, [5, 20])
  func trajectory(name: String, steps: Int) throws {
    let reference = try ReferenceCase("samplers")
    let setup = try Setup(named: name, in: reference)
    let sampler = setup.sampler
    let plan = try sampler.plan(steps: steps)
    #expect(plan.timesteps == (try reference.floats("\(name).\(steps).timesteps")))

    var noise = NoiseSource(.torchBatch, seeds: [7])
    let start = sampler.enter(noise.normal([1, 6, 5, 4]), plan: plan)
    expectMatch(
      start.channelsFirstFloats(), try reference.floats("\(name).\(steps).x0"), tolerance: 1e-6,
      "\(name) start")

    let expected = try reference.floats("\(name).\(steps).traj")
    let size = start.count
    var visited = 0
    _ = try sampler.sample(
      start, plan: plan, noise: &noise, predict: { x, t, _ in Self.standIn(x, t) }
    ) { step in
      let part = Array(expected[(step.index * size)..<((step.index + 1) * size)])
      expectMatch(
        step.sample.channelsFirstFloats(), part, tolerance: 1e-5,
        "\(name), step \(step.index) of \(steps)")
      visited += 1
      return nil
    }
    #expect(visited == steps && expected.count == steps * size)
  }

  /// A sample that `onStep` gives back replaces the sampler's own.
  @Test func onStepReplacesTheSample() throws {
    var noise = NoiseSource(.torch, seeds: [1])
    let start = noise.normal([1, 2, 2, 4])
    let sampler = DDIMSampler(SchedulerConfig(), eta: 0)
    var seen: [Float] = []
    let last = try sampler.sample(
      start, plan: sampler.plan(steps: 3), noise: &noise,
      predict: { x, _, _ in
        seen.append(x.floats()[0])
        return x * 0
      },
      onStep: { step in Tensor(repeating: Float(step.index), shape: step.sample.shape) })
    #expect(seen == [start.floats()[0], 0, 1])
    #expect(last.floats().allSatisfy { $0 == 2 })
  }

  /// The smooth function that stands in for a network.
  private static func standIn(_ x: Tensor, _ t: Float) -> Tensor {
    let t = Double(t) / 1000
    let (slope, shift) = (Float(0.3 * cos(3 * t)), Float(0.05 * sin(7 * t)))
    return x.scaled(by: slope, adding: (x * 2).applying(.sin), times: 0.2, plus: shift)
  }
}

/// A scheduler's class and configuration, as the fixture's metadata describes it.
private struct Setup {
  let sampler: any Sampler

  init(named name: String, in reference: ReferenceCase) throws {
    let about = try #require(reference.expected.metadata["about"])
    let root = try JSONSerialization.jsonObject(with: Data(about.utf8)) as? [String: Any]
    let all = try #require(root?["samplers"] as? [String: Any])
    let entry = try #require(all[name] as? [String: Any])
    let className = try #require(entry["class"] as? String)
    var settings = try #require(entry["config"] as? [String: Any])
    settings["_class_name"] = className
    let config = try JSONDecoder().decode(
      SchedulerConfig.self, from: JSONSerialization.data(withJSONObject: settings))
    let eta = (entry["extra"] as? [String: Any])?["eta"] as? Double ?? 0
    sampler = try #require(SamplerName(schedulerClass: className)).make(config, eta: eta)
  }
}
