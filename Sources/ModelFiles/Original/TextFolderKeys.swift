import Checkpoints

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
