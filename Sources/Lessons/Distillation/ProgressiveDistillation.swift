import Diffusion
import TensorCore

/// A student whose every step stands for two of its teacher's (Salimans & Ho 2022, algorithm 2).
package struct ProgressiveDistillation: Distillation {
  private let denoised: Denoised
  private let student, teacher: SamplingPlan

  /// - Parameters:
  ///   - config: the teacher's, whose steps are DDIM's.
  ///   - steps: of the student; the teacher has twice as many.
  /// - Throws: `SamplerError` for numbers of steps the schedule has not.
  package init(_ config: SchedulerConfig, steps: Int) throws {
    var trailing = config.adapted(to: "DDIMScheduler")
    // From pure noise on in even strides, so that a student's timesteps are every second one of its teacher's.
    trailing.spacing = .trailing
    let sampler = SamplerName.ddim.make(trailing, eta: 0)
    (student, teacher) = (try sampler.plan(steps: steps), try sampler.plan(steps: 2 * steps))
    denoised = Denoised(trailing)
  }

  package var timesteps: [Int] { student.timesteps.map { Int($0) } }

  /// The error of the clean sample counts `max(SNR, 1)` (§4, "truncated SNR").
  package func weight(_ place: Int) -> Float {
    let (level, slope) = (student.levels[place], denoised.slope(student.levels[place]))
    return Float(level.cleanErrorWeight * slope * slope)
  }

  package func clean(
    _ noisy: Tensor, places: [Int], teacher ask: (Tensor, [Int]) -> Tensor, student: (Tensor, [Int]) -> Tensor
  ) -> Tensor {
    func levels(_ offset: Int) -> [NoiseLevel] { places.map { teacher.levels[2 * $0 + offset] } }
    func timesteps(_ offset: Int) -> [Int] { places.map { Int(teacher.timesteps[2 * $0 + offset]) } }
    let middle = LevelRows.step(ask(noisy, timesteps(0)), noisy, from: levels(0), to: levels(1), denoised)
    let end = LevelRows.step(ask(middle, timesteps(1)), middle, from: levels(1), to: levels(2), denoised)
    // The clean sample of which one step leads where the two have led.
    return LevelRows.map(noisy) { row in
      let (from, to) = (levels(0)[row], levels(2)[row])
      let ratio = to.noise / from.noise
      let size = to.signal - ratio * from.signal
      return end.row(row).scaled(by: Float(1 / size), adding: noisy.row(row), times: Float(-ratio / size))
    }
  }
}
