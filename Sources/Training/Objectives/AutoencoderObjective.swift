import Generation
import Images
import Models
import NN
import TensorCore

/// Pictures as they are.
struct WholePictures: BatchSource {
  let data: any CaptionedImages
  let size: Int

  var count: Int { data.count }

  /// `[B, size, size, 3]` in ±1.
  func batch(_ draws: [Draw], random: inout [ExampleRandom]) throws -> Tensor {
    ImageTensor.pack(try draws.map { try data.example($0.index, size: size).image })
  }
}

/// Pictures through an autoencoder and back.
struct AutoencoderObjective: Objective {
  let model: AutoencoderKL
  let recipe: AutoencoderRecipe
  let groups: [ParameterGroup]

  /// The training loss of a batch of pictures in ±1.
  func loss(_ images: Tensor, random: inout [ExampleRandom]) -> Tensor {
    let distribution = model.encode(images.cast(to: recipe.precision.dtype))
    let latents = distribution.sample(noise: random.normal(like: distribution.mean.shape))
    let decoded = model.decode(latents.cast(to: recipe.precision.dtype)).cast(to: .f32)
    let difference = decoded - images
    let perLatent = 1 / Float(distribution.mean.count)
    let divergence = distribution.divergence.sum(scale: perLatent * recipe.divergenceWeight)
    return difference.applying(.abs).mean() + difference.squared.mean() * recipe.squareWeight
      + Self.edgeError(difference) * recipe.edgeWeight + divergence
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
