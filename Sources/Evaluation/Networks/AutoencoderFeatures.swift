import Generation
import Images
import Models
import TensorCore

/// What the encoder of a latent model sees: mean and deviation of each of its channels at each of its scales, each scale
/// with a mean square of 1, so that none outweighs the others. It was trained here, on the bundled model's pictures, and
/// comes along.
struct AutoencoderFeatures: FeatureNetwork {
  let name: String
  let featureCount: Int
  private let model: AutoencoderKL
  private let side: Int

  /// - Parameter model: the name of the model it belongs to.
  /// - Throws: for a model with another kind of encoder.
  init(_ components: PipelineComponents, model name: String) throws {
    guard case .kl(let model) = components.autoencoder else {
      throw EvaluationError.network(
        path: name, reason: "its encoder is TAESD's; give the model with its own autoencoder")
    }
    self.model = model
    side = components.defaultSize
    featureCount = 2 * model.config.blockOutChannels.reduce(0, +)
    self.name = "encoder of \(name)"
  }

  func input(_ image: Image) -> Tensor { ImageTensor.pack([image.square(side)]) }

  func features(_ images: Tensor) -> NetworkFeatures {
    let scales = model.encoderStatistics(images).split(axis: 1, model.config.blockOutChannels.map { 2 * $0 })
    let even = scales.map { scale in
      let squares = scale.squared.mean(axes: [1]).reshaped([scale.shape[0], 1])
      return scale * squares.scaled(by: 1, plus: 1e-12).applying(.rsqrt)
    }
    return NetworkFeatures(pooled: .concatenate(even, axis: 1))
  }
}
