import Diffusion
import TensorCore

/// What a student of few steps is to say of a noisy sample: the clean sample from which the way of its teacher leads.
package protocol Distillation: Sendable {
  /// Timesteps a student is shown, from noise on.
  var timesteps: [Int] { get }
  /// What a squared error of the student's output counts at one of them.
  func weight(_ place: Int) -> Float
  /// The clean sample, float32.
  /// - Parameters:
  ///   - noisy: `[B, .., C]`, each row at its timestep.
  ///   - places: of the rows' timesteps among `timesteps`.
  ///   - teacher: what the teacher's network says, guided, of samples at timesteps; float32.
  ///   - student: what the student's says now.
  func clean(
    _ noisy: Tensor, places: [Int], teacher: (Tensor, [Int]) -> Tensor, student: (Tensor, [Int]) -> Tensor
  ) -> Tensor
}

extension NoiseLevel {
  /// What an error of the clean sample counts at this level: `max(SNR, 1)` (Salimans & Ho 2022, §4, "truncated SNR").
  var cleanErrorWeight: Double { max(signal * signal / (noise * noise), 1) }
}

/// Rows of a batch, each at a noise level of its own.
enum LevelRows {
  /// A step of DDIM without fresh noise (Song et al. 2021, eq. 12 with σ = 0).
  static func step(
    _ output: Tensor, _ x: Tensor, from: [NoiseLevel], to: [NoiseLevel], _ denoised: Denoised
  ) -> Tensor {
    map(x) { row in
      let (clean, noise) = denoised.cleanAndNoise(output.row(row), x.row(row), level: from[row])
      return clean.scaled(by: Float(to[row].signal), adding: noise, times: Float(to[row].noise))
    }
  }

  static func map(_ x: Tensor, _ body: (_ row: Int) -> Tensor) -> Tensor {
    .concatenate((0..<x.shape[0]).map(body), axis: 0)
  }
}

extension Tensor {
  /// One row of a batch, as a batch.
  func row(_ index: Int) -> Tensor { slice(axis: 0, from: index, count: 1) }
}
