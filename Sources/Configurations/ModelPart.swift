/// The networks of a text-to-image pipeline, by their folder's name.
public enum ModelPart: String, Sendable, CaseIterable, Codable {
  case textEncoder = "text_encoder"
  case textEncoder2 = "text_encoder_2"
  case unet
  /// The denoising network of pipelines that have a transformer in place of the U-Net.
  case transformer
  case vae

  /// The parts that may be a pipeline's denoising network.
  public static let networks: [ModelPart] = [.unet, .transformer]
  /// The parts that may be its text encoders, in their order.
  public static let textEncoders: [ModelPart] = [.textEncoder, .textEncoder2]
}
