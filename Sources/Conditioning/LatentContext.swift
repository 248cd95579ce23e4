import TensorCore

/// What a network reads beside the noisy latents, joined to them as further channels; one row for each picture.
public enum LatentContext: Sendable {
  /// A network on latents alone (4 channels).
  case none
  /// An inpainting network (9 channels): mask `[B, h, w, 1]`, 1 where to repaint, and the latents `[B, h, w, 4]` of the picture
  /// with that part blanked.
  case inpainting(mask: Tensor, masked: Tensor)
  /// A network that follows instructions (8 channels; Brooks et al. 2023): the picture's latents `[B, h, w, 4]`, and how closely
  /// to keep to them.
  case instruction(picture: Tensor, guidance: Float)

  /// What an inpainting network of so many latent channels reads: sample, mask and masked picture.
  package static func inpaintingChannels(latent: Int) -> Int { 2 * latent + 1 }

  /// Further channels the network must have.
  package var channels: Int {
    switch self {
    case .none: 0
    case .inpainting(let mask, let masked): mask.shape[3] + masked.shape[3]
    case .instruction(let picture, _): picture.shape[3]
    }
  }
}
