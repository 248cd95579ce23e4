import Conditioning
import Diffusion
import Models
import NN
import TensorCore

/// Noisy samples and texts in one space, where what belongs together lies close (CLIP, Radford et al. 2021; on noisy samples
/// as in Nichol et al. 2022, §2.4).
///
/// Its scaled cosine is trained to be `log p(text | x) − log p(text)` up to a constant (van den Oord et al. 2018, eq. 5), so
/// its gradient is the one guidance needs.
public struct ContrastiveModel: Sendable {
  public let image: EncoderUNet2DModel
  public let text: CLIPTextEncoder
  /// What cosines are multiplied by.
  public let logitScale: Float
  public let space: SampleSpace
  public let scheduler: SchedulerConfig?
  public let name: String

  public init(
    image: EncoderUNet2DModel, text: CLIPTextEncoder, logitScale: Float, space: SampleSpace,
    scheduler: SchedulerConfig?, name: String
  ) {
    (self.image, self.text, self.logitScale) = (image, text, logitScale)
    (self.space, self.scheduler, self.name) = (space, scheduler, name)
  }

  /// Where a text lies, `[1, P]` of length 1. What is too long is cut off.
  public func embedding(of words: String) -> Tensor {
    let ids = text.tokenizer.encode(words, length: text.model.config.positionCount)
    return text.model([ids]).pooled.cast(to: .f32).unitRows
  }

  /// Where samples `[B, h, w, C]` lie, `[B, P]` of length 1.
  /// - Parameter timesteps: one a row; 0 for clean ones.
  public func embedding(ofSamples samples: Tensor, timesteps: [Float]) -> Tensor {
    embedding(ofFeatures: image.features(samples.cast(to: .f32), timesteps: timesteps))
  }

  /// Where the features `[B, F]` of samples lie, `[B, P]` of length 1.
  public func embedding(ofFeatures features: Tensor) -> Tensor { image.projected(features).unitRows }

  /// The gradient at one sample `[1, h, w, C]` of how well it fits a text, in float32 whatever the model's arithmetic.
  /// - Parameter text: `[1, P]`, from `embedding(of:)`.
  public func gradient(_ sample: Tensor, timestep: Float, towards text: Tensor) -> Tensor {
    SampleGradient.of(sample) {
      (embedding(ofSamples: $0, timesteps: [timestep]) * text).sum(scale: logitScale)
    }
  }
}

extension Tensor {
  /// Rows `[B, P]` divided by their length.
  public var unitRows: Tensor {
    // A row of zeros stays one.
    let length = (squared.sum(axes: [1]) + 1e-12).applying(.sqrt)
    return self / length.reshaped([shape[0], 1])
  }
}
