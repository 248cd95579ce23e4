import Configurations

/// The networks of a pipeline, by their folder's name.
public typealias ModelPart = Configurations.ModelPart

extension ModelPart {
  /// Base name of the weights in the part's folder.
  public var weightsName: String {
    switch self {
    case .unet, .transformer, .vae: "diffusion_pytorch_model"
    case .textEncoder, .textEncoder2: "model"
    }
  }
}
