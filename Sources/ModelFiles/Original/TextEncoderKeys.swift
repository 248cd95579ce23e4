import Checkpoints

/// transformers' names of a CLIP text encoder inside a checkpoint, which may leave `text_model.` out.
public struct CLIPTextKeys: KeyMap {
  /// What a file has of the matrix that projects the pooled text.
  public enum Projection: Sendable, Equatable {
    /// Nothing, or nothing the model uses.
    case none
    case plain
    /// OpenCLIP's matrix in its own orientation, under the name stable-diffusion.cpp gives it.
    case moved
  }

  let isPrefixed: Bool
  let layers: Int
  let projection: Projection

  /// - Parameters:
  ///   - isPrefixed: whether the file's keys start with `text_model.`.
  ///   - layers: what the model uses; further layers are left out.
  public init(isPrefixed: Bool = true, layers: Int = .max, projection: Projection = .none) {
    self.isPrefixed = isPrefixed
    self.layers = layers
    self.projection = projection
  }

  private static let prefix = "text_model."
  private static let plainProjection = "text_projection.weight"
  private static let movedProjection = "text_model.text_projection"

  public func location(of key: String) -> TensorLocation? {
    if key == Self.plainProjection {
      return projection == .moved ? TensorLocation(Self.movedProjection, .transposed) : TensorLocation(key)
    }
    let bare = key.hasPrefix(Self.prefix) ? String(key.dropFirst(Self.prefix.count)) : key
    return TensorLocation(isPrefixed ? Self.prefix + bare : bare)
  }

  public func keys(at original: String) -> [String] {
    if isUnneeded(original) { return [] }
    if original == Self.plainProjection || original == Self.movedProjection { return [Self.plainProjection] }
    if isPrefixed { return original.hasPrefix(Self.prefix) ? [original] : [] }
    return [Self.prefix + original]
  }

  public func isUnneeded(_ original: String) -> Bool {
    if original.hasSuffix("position_ids") || original == "logit_scale" || PictureEncoderKeys.contains(original) {
      return true
    }
    if original == Self.plainProjection { return projection != .plain }
    if original == Self.movedProjection { return projection != .moved }
    var parts = KeyParts(original)
    _ = parts.take("text_model")
    guard parts.take("encoder"), parts.take("layers"), let layer = parts.number() else { return false }
    return layer >= layers
  }
}

/// Names of OpenCLIP's text encoders (SD 2.x, the second one of SDXL): queries, keys and values in one matrix, the
/// projection the other way round. Source: mlfoundations/open_clip, src/open_clip/transformer.py.
public struct OpenCLIPKeys: KeyMap {
  /// Layers the model uses. SD 2.x leaves out the last one of its file.
  let layers: Int
  let hasProjection: Bool

  public init(layers: Int, hasProjection: Bool) {
    self.layers = layers
    self.hasProjection = hasProjection
  }

  private static let ends: [(from: String, to: String)] = [
    ("embeddings.token_embedding.weight", "token_embedding.weight"),
    ("embeddings.position_embedding.weight", "positional_embedding"), ("final_layer_norm", "ln_final"),
  ]

  private static let layer: [(from: String, to: String)] = [
    ("layer_norm1", "ln_1"), ("layer_norm2", "ln_2"), ("mlp.fc1", "mlp.c_fc"), ("mlp.fc2", "mlp.c_proj"),
    ("self_attn.out_proj", "attn.out_proj"),
  ]

  private static let inputs = ["q_proj", "k_proj", "v_proj"]

  public func location(of key: String) -> TensorLocation? {
    if key == "text_projection.weight" {
      return hasProjection ? TensorLocation("text_projection", .transposed) : nil
    }
    var parts = KeyParts(key)
    _ = parts.take("text_model")
    if let end = parts.renamed(Self.ends) { return TensorLocation(end) }
    guard parts.take("encoder"), parts.take("layers"), let number = parts.number(), number < layers else { return nil }
    let prefix = "transformer.resblocks.\(number)"
    if let inner = parts.renamed(Self.layer) { return TensorLocation("\(prefix).\(inner)") }
    guard parts.take("self_attn"), let input = parts.next(), let third = Self.inputs.firstIndex(of: String(input)),
      parts.rest == "weight" || parts.rest == "bias"
    else { return nil }
    return TensorLocation("\(prefix).attn.in_proj_\(parts.rest)", .third(third))
  }

  public func keys(at original: String) -> [String] {
    if original == "text_projection" { return hasProjection ? ["text_projection.weight"] : [] }
    var parts = KeyParts(original)
    if let end = parts.renamed(Self.ends.swapped) { return ["text_model.\(end)"] }
    guard parts.take("transformer"), parts.take("resblocks"), let number = parts.number(), number < layers
    else { return [] }
    let prefix = "text_model.encoder.layers.\(number)"
    if let inner = parts.renamed(Self.layer.swapped) { return ["\(prefix).\(inner)"] }
    for end in ["weight", "bias"] where parts.rest == "attn.in_proj_\(end)" {
      return Self.inputs.map { "\(prefix).self_attn.\($0).\(end)" }
    }
    return []
  }

  public func isUnneeded(_ original: String) -> Bool {
    // The temperature of CLIP's loss, a constant mask, and what SD 2.x does not use.
    if ["logit_scale", "attn_mask"].contains(original) || PictureEncoderKeys.contains(original) { return true }
    if original == "text_projection" { return !hasProjection }
    var parts = KeyParts(original)
    guard parts.take("transformer"), parts.take("resblocks"), let number = parts.number() else { return false }
    return number >= layers
  }
}
