import Diffusion
import TensorCore

/// A student that gives the same clean sample all along its teacher's way: what it says of a sample is what it says a step of
/// the teacher later, and at the end the sample itself (latent consistency distillation; Luo et al. 2023, algorithm 1).
///
/// What it says later is taken as given, by the weights as they are (Song & Dhariwal 2024, §3.2), and guidance is fixed, where
/// the paper draws it and tells the network.
package struct ConsistencyDistillation: Distillation {
  private let denoised: Denoised
  private let plan: SamplingPlan
  private let scaling: Double
  private let skip: Int

  /// - Parameters:
  ///   - config: the teacher's.
  ///   - steps: of the teacher's solver, DDIM; of these the student's sampler takes some.
  ///   - skip: how many of them the teacher goes at once (§4.3): with more the end's word is sooner heard at the start, and the
  ///     teacher's way is coarser.
  package init(_ config: SchedulerConfig, steps: Int, skip: Int = 1) throws {
    self.skip = skip
    let settings = Self.sampled(config, steps: steps)
    plan = try SamplerName.lcm.make(settings, eta: 0).plan(steps: steps)
    (denoised, scaling) = (Denoised(settings), settings.timestepScaling)
  }

  /// How a student's pictures are sampled.
  static func sampled(_ config: SchedulerConfig, steps: Int) -> SchedulerConfig {
    var settings = config.adapted(to: "LCMScheduler")
    settings.originalInferenceSteps = steps
    return settings
  }

  package var timesteps: [Int] { plan.timesteps.map { Int($0) } }

  /// The error of the consistency function counts `max(SNR, 1)`, as in ``ProgressiveDistillation``. Counted the same everywhere, the large
  /// errors where all is noise decide what is learnt, and pictures of several steps get grain.
  package func weight(_ place: Int) -> Float {
    let level = plan.levels[place]
    let factor = boundary(timesteps[place]).out * denoised.slope(level)
    return Float(level.cleanErrorWeight * factor * factor)
  }

  private func boundary(_ timestep: Int) -> ConsistencyBoundary {
    ConsistencyBoundary(timestep: Double(timestep), scaling: scaling)
  }

  package func clean(
    _ noisy: Tensor, places: [Int], teacher: (Tensor, [Int]) -> Tensor, student: (Tensor, [Int]) -> Tensor
  ) -> Tensor {
    let steps = timesteps
    let (now, next) = (places.map { plan.levels[$0] }, places.map { plan.levels[min($0 + skip, steps.count)] })
    let later = LevelRows.step(teacher(noisy, places.map { steps[$0] }), noisy, from: now, to: next, denoised)
    // Behind the last one there is no noise: the function is the sample itself at timestep 0.
    let told = places.map { $0 + skip < steps.count ? steps[$0 + skip] : 0 }
    let output = student(later, told)
    return LevelRows.map(noisy) { row in
      let (x, at) = (later.row(row), boundary(told[row]))
      let end = denoised.clean(output.row(row), x, level: next[row])
        .scaled(by: Float(at.out), adding: x, times: Float(at.skip))
      // The clean sample of which the function makes that here.
      let here = boundary(steps[places[row]])
      return end.scaled(by: Float(1 / here.out), adding: noisy.row(row), times: Float(-here.skip / here.out))
    }
  }
}
