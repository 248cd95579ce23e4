import Diffusion
import Generation
import Models
import TensorCore

/// The last stage of DALL·E 2 (Ramesh et al. 2022, §2.1): draws a large picture that a small one could be of.
///
/// What is denoised is what the large picture has beyond the small one (SRDiff, Li et al. 2022: residual prediction),
/// so that colours stay what they are. The network sees the small picture, enlarged and with a little noise in it,
/// beside the noisy large one, and is told how much noise that is (conditioning augmentation: Ho et al. 2022, §4.2), so
/// that it does not trust the flaws of a picture that was drawn.
package struct UnCLIPEnlarger: Sendable {
  package let network: UNet2DModel
  package let scheduler: SchedulerConfig
  /// Its timesteps are the levels of noise in small pictures.
  package let smallScheduler: SchedulerConfig
  /// Arithmetic of the network.
  package let dtype: DType

  package init(
    network: UNet2DModel, scheduler: SchedulerConfig, smallScheduler: SchedulerConfig, dtype: DType
  ) {
    (self.network, self.scheduler, self.smallScheduler) = (network, scheduler, smallScheduler)
    self.dtype = dtype
  }

  /// Side of large pictures.
  package var side: Int { network.config.sampleSize }
  /// Levels of noise in small pictures.
  package var levels: Int { smallScheduler.trainSteps }

  /// What differences between large and enlarged pictures are multiplied by, so that they are about as large as noise.
  package static let differenceScale: Float = 4

  /// Small pictures `[B, s, s, 3]` as the network sees them before noise, `[B, S, S, 3]`.
  package static func enlarged(_ small: Tensor, to side: Int) -> Tensor {
    small.cast(to: .f32).resizedBilinear(height: side, width: side)
  }

  /// What the network says of noisy differences `[B, S, S, 3]`.
  /// - Parameters:
  ///   - small: enlarged, with noise in them, of the same shape.
  ///   - levels: of that noise, one a picture.
  package func predict(_ noisy: Tensor, timesteps: [Float], small: Tensor, levels: [Int]) -> Tensor {
    network(Tensor.concatenate([noisy, small.cast(to: noisy.dtype)], axis: 3), timesteps: timesteps, classes: levels)
  }

  /// Draws large pictures, `[B, S, S, 3]` in about ±1.
  /// - Parameters:
  ///   - small: `[B, s, s, 3]` in about ±1.
  ///   - seeds: one a picture.
  ///   - level: how much noise small pictures are given, from 0 to the last there is; more lets more be drawn anew.
  package func pictures(
    of small: Tensor, seeds: [UInt64], steps: Int, level: Int, onStep: () throws -> Void = {}
  ) throws -> Tensor {
    let count = small.shape[0]
    let levels = Array(repeating: min(level, levels - 1), count: count)
    var noise = NoiseSource(.torch, seeds: seeds)
    let shape = [count, side, side, 3]
    let plain = Self.enlarged(small, to: side)
    let seen = smallScheduler.schedule.addNoise(plain, noise: noise.normal(shape), timesteps: levels)
    let difference = try GuidedSampling(scheduler, steps: steps).samples(shape, noise: &noise, onStep: onStep) {
      x, timesteps, _ in
      predict(x.cast(to: dtype), timesteps: timesteps, small: seen, levels: levels).cast(to: .f32)
    }
    return plain + difference * (1 / Self.differenceScale)
  }
}
