import Conditioning
import Diffusion
import Models

/// All that is known of a family of models besides what its files say.
protocol FamilyTraits: Sendable {
  /// Features of the texts its network reads, by which adapters are told; nil where that tells nothing.
  var contextWidth: Int? { get }
  /// How trainers' metadata begins that means it, in small letters; names with hyphens may stand anywhere.
  var metadataNames: [String] { get }
  /// What kohya's tools call it.
  var kohyaVersion: String? { get }

  /// Its networks' classes.
  var networks: [any BuildableNetwork.Type] { get }
  /// The levels of align-your-steps that were sought for it.
  var ays: AlignYourSteps { get }
  /// Whether a diffusers folder of these configurations is of the family.
  func claims(_ settings: PipelineConfigurations) -> Bool
  /// Whether the tokenizer of a text encoder, counted from 0, fills texts up as OpenCLIP's do: with token 0.
  func padsWithZero(encoder index: Int) -> Bool
  /// The text side, from what the files have for it.
  func text(_ parts: TextParts) -> any TextEncoding
  /// Why text side and network do not go together, besides the width of the text; nil if they do.
  func problem(_ text: any TextEncoding, _ settings: PipelineConfigurations) -> String?
}

/// What a model's files have for its text side.
struct TextParts {
  /// Text encoders with their tokenizers, in their order; empty for models that read no words.
  let encoders: [CLIPTextEncoder]
  /// Names of classes by their numbers (diffusers' `id2label`); nil where there are none.
  let labels: [String]?
  let settings: PipelineConfigurations
}

extension FamilyTraits {
  var contextWidth: Int? { nil }
  var metadataNames: [String] { [] }
  var kohyaVersion: String? { nil }
  var networks: [any BuildableNetwork.Type] { [] }
  var ays: AlignYourSteps { .stableDiffusion }
  func claims(_ settings: PipelineConfigurations) -> Bool { false }
  func padsWithZero(encoder index: Int) -> Bool { false }
  func text(_ parts: TextParts) -> any TextEncoding { CLIPTextEncoding(parts.encoders) }
  func problem(_ text: any TextEncoding, _ settings: PipelineConfigurations) -> String? { nil }
}
