/// The networks of a text-to-image pipeline, by their folder's name.
public enum ModelPart: String, Sendable, CaseIterable, Codable {
  case textEncoder = "text_encoder"
  case textEncoder2 = "text_encoder_2"
  case unet
  case vae
}
