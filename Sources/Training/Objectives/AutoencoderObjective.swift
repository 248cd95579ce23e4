import Generation
import Models
import NN
import TensorCore

/// Pictures through an autoencoder and back.
struct AutoencoderObjective: Objective {
  let model: AutoencoderKL
  let recipe: AutoencoderRecipe
  let groups: [ParameterGroup]
  /// What decoded pictures have to look real to; nil for nobody.
  private let adversary: PatchAdversary?
  /// An adversary weighs its pull on a whole batch.
  var isMeanOfExamples: Bool { adversary == nil }

  /// - Parameter parameters: those of the model that are trained.
  init(_ model: AutoencoderKL, _ parameters: [Parameter], _ recipe: AutoencoderRecipe) {
    (self.model, self.recipe) = (model, recipe)
    adversary = recipe.adversarialWeight.map {
      PatchAdversary(weight: $0, dtype: recipe.precision.dtype, seed: recipe.loop.seed)
    }
    groups = [ParameterGroup("vae", parameters)] + [adversary?.group].compactMap { $0 }
  }

  /// The training loss of a batch of pictures.
  func loss(_ batch: PictureBatch, random: inout [ExampleRandom]) -> Tensor {
    let images = batch.pictures
    if let given = batch.latents { return error(noised(given, &random), images) }
    let distribution = model.encode(images.cast(to: recipe.precision.dtype))
    let latents = noised(distribution.sample(noise: random.normal(like: distribution.mean.shape)), &random)
    let perLatent = 1 / Float(distribution.mean.count)
    let divergence = distribution.divergence.sum(scale: perLatent * recipe.divergenceWeight)
    guard let share = recipe.equivariance else { return error(latents, images) + divergence }
    let transforms = random.indices.map {
      random[$0].uniform() < share ? LatentTransform(of: latents.shape[1], &random[$0]) : nil
    }
    let (scale, whole) = (model.downscale, 1 / Float(transforms.count))
    let plain = transforms.indices.filter { transforms[$0] == nil }
    var total = divergence
    if !plain.isEmpty {
      let (z, x) = (Self.rows(plain, of: latents), Self.rows(plain, of: images))
      total = total + error(z, x) * (Float(plain.count) * whole)
    }
    for (row, transform) in transforms.enumerated() {
      guard let transform else { continue }
      let (z, x) = (latents.slice(axis: 0, from: row, count: 1), images.slice(axis: 0, from: row, count: 1))
      total = total + error(transform(z), transform(x, scale: scale)) * whole
    }
    return total
  }

  private func noised(_ latents: Tensor, _ random: inout [ExampleRandom]) -> Tensor {
    recipe.latentNoise.map { latents + Self.noise(in: latents, upTo: $0, &random) } ?? latents
  }

  /// How far the decoded latents are from the pictures.
  private func error(_ latents: Tensor, _ images: Tensor) -> Tensor {
    let decoded = model.decode(latents.cast(to: recipe.precision.dtype)).cast(to: .f32)
    let plain = reconstruction(decoded, images)
    return adversary.map { plain + $0.loss(decoded, images) { reconstruction($0, images) } } ?? plain
  }

  private func reconstruction(_ decoded: Tensor, _ images: Tensor) -> Tensor {
    let difference = decoded - images
    return difference.applying(.abs).mean() + difference.squared.mean() * recipe.squareWeight
      + Self.edgeError(difference) * recipe.edgeWeight
  }

  private static func rows(_ rows: [Int], of x: Tensor) -> Tensor {
    rows.count == x.shape[0] ? x : .concatenate(rows.map { x.slice(axis: 0, from: $0, count: 1) }, axis: 0)
  }

  /// Noise of 0 to `most` times each picture's own deviation, as what a denoiser leaves in its latents.
  private static func noise(in latents: Tensor, upTo most: Float, _ random: inout [ExampleRandom]) -> Tensor {
    let values = latents.detached
    return .concatenate(
      random.indices.map { row in
        let z = values.slice(axis: 0, from: row, count: 1)
        let mean = z.mean().scalar
        let deviation = max(z.squared.mean().scalar - mean * mean, 0).squareRoot()
        let level = random[row].uniform() * most * deviation
        return random[row].normal(z.shape) * level
      }, axis: 0)
  }

  /// Mean absolute difference between pixels one and two apart, in both directions.
  static func edgeError(_ x: Tensor) -> Tensor {
    var total: Tensor?
    for axis in [1, 2] {
      for distance in [1, 2] {
        let length = x.shape[axis] - distance
        let step =
          x.slice(axis: axis, from: distance, count: length)
          - x.slice(axis: axis, from: 0, count: length)
        let term = step.applying(.abs).mean()
        total = total.map { $0 + term } ?? term
      }
    }
    return (total ?? .zeros([])) * 0.25
  }
}
