import Checkpoints
import ModelFiles
import NN

/// The model an adapter was made for, as far as the file tells.
public struct AdapterBase: Sendable, Equatable, Codable, CustomStringConvertible {
  /// nil if neither the metadata nor a shape tells.
  public let family: ModelFamily?
  /// What told it, for messages.
  public let evidence: String

  public var description: String {
    guard let family else { return "an unknown model (\(evidence))" }
    return "\(family.rawValue) (\(evidence))"
  }

  init(family: ModelFamily?, evidence: String) {
    self.family = family
    self.evidence = evidence
  }

  /// Reads the metadata, or else the shapes.
  /// - Parameters:
  ///   - metadata: the file's free text.
  ///   - keys: all keys of the file.
  ///   - widths: input widths of keys and values in cross-attention.
  ///   - textWidths: input widths of the first text encoder's attention.
  init(metadata: [String: String], keys: [String], widths: Set<Int>, textWidths: Set<Int>) {
    for name in ["ss_base_model_version", "modelspec.architecture"] {
      if let value = metadata[name], let family = ModelFamily(named: value) {
        self.init(family: family, evidence: "\(name) \(value.oneLine)")
        return
      }
    }
    if keys.contains(where: { $0.contains("double_blocks") || $0.contains("single_transformer_blocks") }) {
      self.init(family: .flux, evidence: "its keys name double blocks")
    } else if keys.contains(where: { $0.contains("joint_blocks") || $0.hasPrefix("transformer.transformer_blocks") }) {
      self.init(family: .sd3, evidence: "its keys name joint blocks")
    } else if let width = widths.max() {
      self.init(family: ModelFamily(contextWidth: width), evidence: "it reads texts of \(width) features")
    } else if keys.contains(where: { $0.hasPrefix("lora_te2_") || $0.hasPrefix("text_encoder_2.") }) {
      self.init(family: .sdxl, evidence: "it has a second text encoder")
    } else if let width = textWidths.max() {
      self.init(family: ModelFamily(contextWidth: width), evidence: "its text encoder has \(width) features")
    } else {
      self.init(family: nil, evidence: "no metadata and no attention layers")
    }
  }

  /// What a model is, by its cross-attention.
  static func of(_ networks: [ModelPart: any ParameterSource]) -> AdapterBase {
    guard let unet = networks[.unet] else { return AdapterBase(family: nil, evidence: "it has no U-Net") }
    for key in unet.keys where key.hasSuffix(".attn2.to_k.weight") {
      guard let width = unet.shape(of: key)?.last else { continue }
      return AdapterBase(family: ModelFamily(contextWidth: width), evidence: "its U-Net reads \(width) features")
    }
    return AdapterBase(family: nil, evidence: "its U-Net has no cross-attention")
  }
}
