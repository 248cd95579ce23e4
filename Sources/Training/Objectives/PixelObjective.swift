import Generation
import Images
import Models
import TensorCore

/// Pictures as they are, half of them mirrored.
struct PixelPictures: BatchSource {
  let data: any CaptionedImages
  let size: Int

  var count: Int { data.count }

  /// `[B, size, size, 3]` in ±1.
  func batch(_ draws: [Draw], random: inout [ExampleRandom]) throws -> Tensor {
    let images = try draws.indices.map { row in
      let image = try data.example(draws[row].index, size: size).image
      return random[row].uniform() < 0.5 ? image.flippedHorizontally() : image
    }
    return ImageTensor.pack(images)
  }
}

/// Noise in pictures, without words.
struct PixelObjective: Objective {
  let model: any DenoisingNetwork
  let prediction: NoisePrediction
  let groups: [ParameterGroup]

  func loss(_ pictures: Tensor, random: inout [ExampleRandom]) -> Tensor {
    prediction.loss(pictures, random: &random) { model($0, timesteps: $1, NetworkConditioning()) }
  }
}
