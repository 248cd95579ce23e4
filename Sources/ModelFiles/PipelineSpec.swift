import Checkpoints
import Diffusion
import Foundation
import Yams

/// How a model is run unless a command says otherwise: one YAML file in `Pipelines/`.
public struct PipelineSpec: Codable, Sendable, Equatable {
  public var name: String
  /// The diffusers folder or checkpoint file; in a YAML file, relative to the folder that holds `Pipelines/`.
  public var model: String
  /// Another autoencoder, and the tokenizer of a single file; paths as `model`.
  public var vae: String?
  public var tokenizer: String?
  /// Which of several forms of a folder's weights is taken, such as `fp16`.
  public var variant: String?
  /// What the U-Net predicts, where the model does not say.
  public var prediction: PredictionType?
  /// nil means the sampler of the model's scheduler configuration.
  public var sampler: SamplerName?
  public var steps: Int
  public var guidance: Float
  public var guidanceRescale: Float
  public var eta: Double
  /// nil means the size the model was made for.
  public var width: Int?
  public var height: Int?

  enum CodingKeys: String, CodingKey {
    case name, model, vae, tokenizer, variant, prediction, sampler, steps, guidance, eta, width, height
    case guidanceRescale = "guidance_rescale"
  }

  public init(from decoder: any Decoder) throws {
    let c = try decoder.container(keyedBy: CodingKeys.self)
    name = try c.decode(String.self, forKey: .name)
    model = try c.decode(String.self, forKey: .model)
    vae = try c.decodeIfPresent(String.self, forKey: .vae)
    tokenizer = try c.decodeIfPresent(String.self, forKey: .tokenizer)
    variant = try c.decodeIfPresent(String.self, forKey: .variant)
    prediction = try c.decodeIfPresent(PredictionType.self, forKey: .prediction)
    sampler = try c.decodeIfPresent(SamplerName.self, forKey: .sampler)
    steps = try c.decodeIfPresent(Int.self, forKey: .steps) ?? 20
    guidance = try c.decodeIfPresent(Float.self, forKey: .guidance) ?? 7.5
    guidanceRescale = try c.decodeIfPresent(Float.self, forKey: .guidanceRescale) ?? 0
    eta = try c.decodeIfPresent(Double.self, forKey: .eta) ?? 0
    width = try c.decodeIfPresent(Int.self, forKey: .width)
    height = try c.decodeIfPresent(Int.self, forKey: .height)
  }

  /// The settings of a folder or file without a YAML file: the ecosystem's usual ones.
  public init(folder: URL) {
    var isFolder: ObjCBool = false
    let exists = FileManager.default.fileExists(atPath: folder.path, isDirectory: &isFolder)
    let stem = exists && !isFolder.boolValue ? folder.deletingPathExtension() : folder
    name = stem.lastPathComponent
    model = folder.path
    (steps, guidance, guidanceRescale, eta) = (20, 7.5, 0, 0)
    (sampler, width, height) = (nil, nil, nil)
    (vae, tokenizer, variant, prediction) = (nil, nil, nil, nil)
  }

  /// How to read the model's files.
  /// - Parameter home: what relative paths start from.
  public func fileOptions(home: URL) -> PipelineFileOptions {
    var options = PipelineFileOptions()
    options.vae = vae.map { URL(fileURLWithPath: $0, relativeTo: home).absoluteURL }
    options.tokenizer = tokenizer.map { URL(fileURLWithPath: $0, relativeTo: home).absoluteURL }
    options.predictionType = prediction
    options.variant = variant
    return options
  }
}
