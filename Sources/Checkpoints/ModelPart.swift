/// The networks of a text-to-image pipeline, by their folder's name.
public enum ModelPart: String, Sendable, CaseIterable, Codable {
  case textEncoder = "text_encoder"
  case textEncoder2 = "text_encoder_2"
  case unet
  case vae

  /// Base name of the weights in the part's folder.
  public var weightsName: String {
    switch self {
    case .unet, .vae: "diffusion_pytorch_model"
    case .textEncoder, .textEncoder2: "model"
    }
  }
}
