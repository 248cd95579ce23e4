import Diffusion
import Models
import NN
import TensorCore

/// One picture's latents, again and again: each example is another noise.
struct OnePicture: BatchSource {
  /// `[1, h, w, C]`.
  let latents: Tensor

  /// Examples of an epoch.
  let count = 4096

  /// `[B, h, w, C]`.
  func batch(_ draws: [Draw], random: inout [ExampleRandom]) -> Tensor {
    latents.broadcast(to: [draws.count] + latents.shape[1...])
  }
}

/// The denoising loss of one picture under the states of a text; what is learnt are those states, or the network
/// (Kawar et al. 2022, eq. 2).
struct ImagicObjective: Objective {
  let network: any DenoisingNetwork
  let loss: any DenoisingLoss
  /// `[1, T, D]`, and `[1, P]` where the network reads the text as one vector too.
  let states: Parameter
  let pooled: Parameter?
  /// What some networks are told of a picture's size.
  let sizes: [Float]
  let dtype: DType
  let groups: [ParameterGroup]

  func loss(_ latents: Tensor, random: inout [ExampleRandom]) throws -> Tensor {
    let rows = latents.shape[0]
    func told(_ parameter: Parameter) -> Tensor {
      parameter.tensor.cast(to: dtype).broadcast(to: [rows] + parameter.shape.dropFirst())
    }
    let text = NetworkConditioning(
      context: told(states), pooled: pooled.map(told), sizes: Array(repeating: sizes, count: rows))
    return try loss.loss(of: latents, random: &random) { noisy, timesteps in
      network.output(noisy, timesteps: timesteps, text).prediction
    }
  }
}
