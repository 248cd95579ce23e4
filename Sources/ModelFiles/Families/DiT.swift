import Conditioning
import Models

/// Diffusion transformers (Peebles & Xie 2023): told classes by the names in `id2label`, one more class standing for none; or told
/// texts, as PixArt is.
struct DiT: FamilyTraits {
  var networks: [any BuildableNetwork.Type] { [DiTTransformer2DModel.self] }

  func claims(_ settings: PipelineConfigurations) -> Bool { settings.network is DiTConfig }

  func text(_ parts: TextParts) -> any TextEncoding {
    guard let rows = parts.settings.network.classRows else { return CLIPTextEncoding(parts.encoders) }
    return ClassNames(parts.labels ?? (0..<(rows - 1)).map { "\($0)" }, noClass: rows - 1)
  }
}
