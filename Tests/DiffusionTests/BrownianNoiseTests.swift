import Checkpoints
import Diffusion
import ReferenceSupport
import TensorCore
import TestSupport
import Testing

/// The stochastic DPM-Solvers on Brownian paths, against k-diffusion with AUTOMATIC1111's noise.
@Suite struct BrownianNoiseTests {
  static let samplers: [SamplerName] = [.dpmppSDE, .dpmpp2MSDE, .dpmpp2MSDEHeun, .dpmpp3MSDE]
  private static let seeds: [UInt64] = [7, (1 << 40) + 5]

  private func end(_ name: SamplerName, _ noise: NoiseSource, steps: Int = 9, seeds: Int = 2) throws -> Tensor {
    let sampler = name.make(SchedulerConfig(), eta: 0, schedule: .karras)
    let plan = try sampler.plan(steps: steps)
    var noise = noise
    let start = sampler.enter(noise.normal([seeds, 4, 4, 4]), plan: plan)
    return try sampler.sample(
      start, plan: plan, noise: &noise, predict: { x, t, _ in SchedulerSetup.standIn(x, t) }, onStep: { _ in nil })
  }

  /// 1e-5 of the range, as for independent noise.
  @Test(arguments: samplers, [RandomStream.torch, .nv]) func run(name: SamplerName, stream: RandomStream) throws {
    let file = try TensorFile(fixtureURL("brownian/expected.safetensors"))
    let found = try end(name, NoiseSource(stream, seeds: Self.seeds, stepNoise: .brownianTree))
    let key = "run.\(stream.rawValue).\(name.rawValue)"
    expectMatch(found.channelsFirstFloats(), try file.tensor(key).floats(), tolerance: 1e-5, key)
  }

  /// Paths are AUTOMATIC1111's way, whose default `nv` is; diffusers draws step by step.
  @Test(arguments: RandomStream.allCases) func defaults(stream: RandomStream) {
    #expect(NoiseSource(stream, seeds: [1]).stepNoise == (stream == .nv ? .brownianTree : .independent))
  }

  /// A picture does not depend on its neighbours.
  @Test(arguments: samplers) func neighbours(name: SamplerName) throws {
    let both = try end(name, NoiseSource(.nv, seeds: Self.seeds))
    let alone = try end(name, NoiseSource(.nv, seeds: [Self.seeds[1]]), seeds: 1)
    #expect(both.slice(axis: 0, from: 1, count: 1).floats() == alone.floats())
  }

  /// More steps follow the same path, so that results approach each other; with independent noise they do not.
  @Test func moreStepsConverge() throws {
    func distance(_ kind: StepNoise) throws -> Float {
      let ends = try [200, 400].map {
        try end(.dpmpp2MSDE, NoiseSource(.torch, seeds: Self.seeds, stepNoise: kind), steps: $0).floats()
      }
      return zip(ends[0], ends[1]).map { abs($0 - $1) }.max() ?? 0
    }
    let (path, independent) = (try distance(.brownianTree), try distance(.independent))
    #expect(path < 0.1 * independent, "\(path), \(independent)")
  }
}
