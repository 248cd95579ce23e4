import Generation
import Images
import ModelFiles
import Models
import TensorCore

/// A contrastive model of pictures and texts that was trained here (`imago train`): the only kind of network here that
/// reads.
///
/// Pictures are compared by what it sees before that is projected to where texts lie: lengths and directions that no text
/// speaks of count too.
struct ContrastiveFeatures: FeatureNetwork {
  let readsTexts = true
  let name: String
  private let model: ContrastiveModel
  private let sight: GuideSight

  /// - Throws: for one that looks at latents of another autoencoder than the bundled model's.
  init(_ model: ContrastiveModel) throws {
    sight = try GuideSight(model.space, side: model.image.config.sampleSize, name: model.name)
    self.model = model
    name = "contrastive model \(model.name)"
  }

  var featureCount: Int { model.image.featureCount }

  func input(_ image: Image) -> Tensor { sight.input(image) }

  func features(_ images: Tensor) throws -> NetworkFeatures {
    let clean = Array(repeating: Float(0), count: images.shape[0])
    let features = model.image.features(try sight.samples(images), timesteps: clean)
    return NetworkFeatures(pooled: features, common: model.embedding(ofFeatures: features))
  }

  func textFeatures(_ texts: [String]) throws -> Tensor? {
    texts.isEmpty ? nil : .concatenate(texts.map { model.embedding(of: $0) }, axis: 0)
  }
}

/// A classifier that was trained here: what it sees before it decides, and its classes.
struct ClassifierFeatures: FeatureNetwork {
  let namesClasses = true
  let name: String
  private let model: NoisyClassifier
  private let sight: GuideSight

  /// - Throws: for one that looks at latents of another autoencoder than the bundled model's.
  init(_ model: NoisyClassifier) throws {
    sight = try GuideSight(model.space, side: model.network.config.sampleSize, name: model.name)
    self.model = model
    name = "classifier \(model.name)"
  }

  var featureCount: Int { model.network.featureCount }

  func input(_ image: Image) -> Tensor { sight.input(image) }

  func features(_ images: Tensor) throws -> NetworkFeatures {
    let clean = Array(repeating: Float(0), count: images.shape[0])
    let samples = try sight.samples(images)
    return NetworkFeatures(
      pooled: model.network.features(samples, timesteps: clean), logits: model.logits(samples, timesteps: clean))
  }
}

/// How a network that was trained here comes to see a picture: as pixels, or as latents of the bundled model.
private struct GuideSight: Sendable {
  /// Of the pictures, in pixels.
  private let side: Int
  /// Makes latents; nil for a network of pixels.
  private let codec: LatentCodec?

  /// - Parameters:
  ///   - side: of the samples the network looks at.
  ///   - name: the network's.
  init(_ space: SampleSpace, side: Int, name: String) throws {
    self.side = side * space.downscale
    guard space != .pixels else {
      codec = nil
      return
    }
    let autoencoder = try PipelineComponents.bundled().autoencoder
    guard space.matches(SampleSpace(of: autoencoder)) else {
      throw EvaluationError.network(
        path: name,
        reason: "looks at latents of another autoencoder than the bundled model's; judging pictures takes one of "
          + "pixels or of those")
    }
    codec = LatentCodec(autoencoder, precision: .f32)
  }

  func input(_ image: Image) -> Tensor { ImageTensor.pack([image.square(side)]) }

  /// What the network is shown of some inputs, `[B, h, w, C]`.
  func samples(_ images: Tensor) throws -> Tensor {
    guard let codec else { return images }
    let rows = try (0..<images.shape[0]).map { row in
      codec.scaled(try codec.distribution(images.slice(axis: 0, from: row, count: 1)).mean)
    }
    return .concatenate(rows, axis: 0)
  }
}
