import Checkpoints
import Conditioning
import Diffusion
import Foundation
import Yams

/// What the U-Net of a single file predicts, which its weights do not show.
///
/// Told, in this order, by a YAML file beside the checkpoint, by a key (`v_pred`, `ztsnr`), by metadata, by the family.
struct SingleFilePrediction {
  private(set) var type: PredictionType
  private(set) var hasZeroTerminalSNR: Bool
  /// A guess that a person should know about.
  private(set) var notes: [String] = []
  /// Whether a file beside the checkpoint says so, which somebody put there on purpose.
  private(set) var isToldBeside = false
  let levels: SingleFileNoiseLevels
  /// Whether a schedule that ends without signal goes with predicted noise, which cannot work.
  var contradictsItself: Bool { hasZeroTerminalSNR && type == .epsilon && levels.edm == nil }

  init(_ layout: SingleFileLayout, url: URL) throws {
    let file = layout.file
    levels = try SingleFileNoiseLevels(layout)
    hasZeroTerminalSNR = file.shape(of: "ztsnr") != nil && levels.edm == nil
    if levels.edm != nil {
      type = levels.predictionType
    } else if let told = try Self.sidecar(url) {
      type = told
      isToldBeside = true
    } else if file.shape(of: "v_pred") != nil {
      type = .velocity
    } else if let told = Self.metadata(file.metadata) {
      type = told
    } else {
      let guess = layout.traits.silentPrediction(layout)
      (type, notes) = (guess.type, [guess.note].compactMap { $0 })
    }
  }

  /// Source: Stability-AI/ModelSpec.
  private static func metadata(_ metadata: [String: String]) -> PredictionType? {
    switch metadata["modelspec.prediction_type"] {
    case "v", "v_prediction", "v-prediction": .velocity
    case "epsilon": .epsilon
    default: nil
    }
  }

  /// The `parameterization` of the original training configuration, or the scaling later ones name.
  private struct Sidecar: Decodable {
    struct Model: Decodable { var params: Parameters? }
    struct Parameters: Decodable {
      var parameterization: String?
      var denoiser: DenoiserConfig?

      enum CodingKeys: String, CodingKey {
        case parameterization
        case denoiser = "denoiser_config"
      }
    }
    struct DenoiserConfig: Decodable { var params: DenoiserParameters? }
    struct DenoiserParameters: Decodable {
      var scaling: Target?

      enum CodingKeys: String, CodingKey { case scaling = "scaling_config" }
    }
    struct Target: Decodable { var target: String? }

    var model: Model?
  }

  /// A recipe of `imago train`, which may have the name of the model it makes.
  private struct Recipe: Decodable { let kind, name: String }

  private static func sidecar(_ url: URL) throws -> PredictionType? {
    for ending in ["yaml", "yml"] {
      let file = url.deletingPathExtension().appendingPathExtension(ending)
      guard FileManager.default.fileExists(atPath: file.path) else { continue }
      let text = try RegularFile.text(file)
      if (try? YAMLDecoder().decode(Recipe.self, from: text)) != nil { continue }
      guard let parameters = try? YAMLDecoder().decode(Sidecar.self, from: text).model?.params else {
        throw GenerationError.noModel(
          path: file.path, reason: "is not the configuration of a model (model: params: parameterization:)")
      }
      if let name = parameters.parameterization {
        switch name {
        case "v": return .velocity
        case "eps": return .epsilon
        case "x0": return .sample
        default:
          throw GenerationError.noModel(path: file.path, reason: "parameterization \"\(name)\": expected eps, v or x0")
        }
      }
      if let scaling = parameters.denoiser?.params?.scaling?.target {
        if scaling.hasSuffix(".VScaling") { return .velocity }
        if scaling.hasSuffix(".EpsScaling") { return .epsilon }
        throw GenerationError.noModel(
          path: file.path, reason: "scaling_config \"\(scaling)\": expected EpsScaling or VScaling")
      }
    }
    return nil
  }
}
