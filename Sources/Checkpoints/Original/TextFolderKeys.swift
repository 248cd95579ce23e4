/// diffusers' own names of a text encoder, in a folder that may hold a whole CLIP.
public struct TextFolderKeys: KeyMap {
  /// Whether the model projects the pooled text (`CLIPTextModelWithProjection`).
  let hasProjection: Bool

  public init(hasProjection: Bool) { self.hasProjection = hasProjection }

  public func location(of key: String) -> TensorLocation? { TensorLocation(key) }
  public func keys(at original: String) -> [String] { isUnneeded(original) ? [] : [original] }

  public func isUnneeded(_ original: String) -> Bool {
    if original.hasSuffix("position_ids") || original == "logit_scale" { return true }
    return PictureEncoderKeys.contains(original) || (!hasProjection && original == "text_projection.weight")
  }
}

/// The half of CLIP that reads pictures, which checkpoints made from a whole CLIP carry beside the text encoder.
enum PictureEncoderKeys {
  /// transformers' and OpenCLIP's names, without the encoder's prefix.
  private static let prefixes = ["vision_model.", "visual.", "visual_projection."]

  /// - Parameter key: without the prefix of the encoder, but perhaps with `transformer.` or `model.`.
  static func contains(_ key: String) -> Bool { prefixes.contains { key.hasPrefix($0) } }
}
