import Generation
import Images
import TensorCore

/// A contrastive model of pictures and texts that was trained here on pixels (`imago train`): the only kind of network here
/// that reads.
///
/// Pictures are compared by what it sees before that is projected to where texts lie: lengths and directions that no text
/// speaks of count too.
struct ContrastiveFeatures: FeatureNetwork {
  let name: String
  private let model: ContrastiveModel

  /// - Throws: for one that looks at latents.
  init(_ model: ContrastiveModel) throws(EvaluationError) {
    try GuideSpace.check(model.space, model.name)
    self.model = model
    name = "contrastive model \(model.name)"
  }

  var featureCount: Int { model.image.featureCount }

  func input(_ image: Image) -> Tensor { ImageTensor.pack([image.square(model.image.config.sampleSize)]) }

  func features(_ images: Tensor) -> NetworkFeatures {
    let features = model.image.features(images, timesteps: Array(repeating: 0, count: images.shape[0]))
    return NetworkFeatures(pooled: features, common: model.embedding(ofFeatures: features))
  }

  func textFeatures(_ texts: [String]) -> Tensor? {
    texts.isEmpty ? nil : .concatenate(texts.map { model.embedding(of: $0) }, axis: 0)
  }
}

/// A classifier that was trained here on pixels: what it sees before it decides, and its classes.
struct ClassifierFeatures: FeatureNetwork {
  let name: String
  private let model: NoisyClassifier

  /// - Throws: for one that looks at latents.
  init(_ model: NoisyClassifier) throws(EvaluationError) {
    try GuideSpace.check(model.space, model.name)
    self.model = model
    name = "classifier \(model.name)"
  }

  var featureCount: Int { model.network.featureCount }

  func input(_ image: Image) -> Tensor { ImageTensor.pack([image.square(model.network.config.sampleSize)]) }

  func features(_ images: Tensor) -> NetworkFeatures {
    let clean = Array(repeating: Float(0), count: images.shape[0])
    return NetworkFeatures(
      pooled: model.network.features(images, timesteps: clean), logits: model.logits(images, timesteps: clean))
  }
}

/// What networks may look at to judge pictures.
private enum GuideSpace {
  static func check(_ space: SampleSpace, _ name: String) throws(EvaluationError) {
    guard space == .pixels else {
      throw .network(path: name, reason: "looks at latents of one autoencoder; judging pictures takes one of pixels")
    }
  }
}
