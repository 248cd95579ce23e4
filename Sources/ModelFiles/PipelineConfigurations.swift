import Checkpoints
import Diffusion
import Foundation
import Models

/// The configurations of a pipeline's parts, and the JSON texts they were read from.
///
/// The texts are kept, because they say more than this program reads and a conversion must not lose it.
public struct PipelineConfigurations: Sendable {
  /// The denoising network's.
  public var network: any DenoisingNetworkConfig
  /// The denoising network's folder.
  public var networkPart = ModelPart.unet
  public var autoencoder: AutoencoderKLConfig
  /// One for each text encoder.
  public var textEncoders: [CLIPTextConfig]
  public var scheduler: SchedulerConfig
  public var zerosForEmptyPrompt: Bool
  /// Contents of the pipeline's JSON files by their path in a folder; empty if they were made up.
  public internal(set) var texts: [String: String] = [:]
  /// Text encoders whose keys have no `text_model.` in front, as newer tools write them.
  var bareTextParts: Set<ModelPart> = []

  /// Paths of the texts, the only ones ever written.
  static let paths =
    ["model_index.json", "scheduler/scheduler_config.json"] + ModelPart.allCases.map { "\($0.rawValue)/config.json" }

  init(
    network: any DenoisingNetworkConfig, autoencoder: AutoencoderKLConfig, textEncoders: [CLIPTextConfig],
    scheduler: SchedulerConfig, zerosForEmptyPrompt: Bool
  ) {
    (self.network, self.autoencoder, self.textEncoders) = (network, autoencoder, textEncoders)
    (self.scheduler, self.zerosForEmptyPrompt) = (scheduler, zerosForEmptyPrompt)
  }

  /// Reads a diffusers folder.
  init(folder: URL, index: ModelIndex, needsVAE: Bool) throws {
    var texts: [String: String] = [:]
    for path in Self.paths {
      let file = folder.appendingPathComponent(path)
      if FileManager.default.fileExists(atPath: file.path) { texts[path] = try RegularFile.text(file) }
    }
    try self.init(texts: texts, index: index, place: folder.path + "/", needsVAE: needsVAE)
  }

  /// Decodes the texts.
  /// - Parameter place: what to put before a path in messages.
  init(texts: [String: String], index: ModelIndex, place: String, needsVAE: Bool) throws {
    func decode<T: Decodable>(_ type: T.Type, _ path: String) throws -> T {
      guard let text = texts[path] else { throw ModelFolder.Failure.missing(path: place + path) }
      do {
        let decoder = JSONDecoder()
        // Schedulers' files have Python's -Infinity, which plain JSON does not know.
        decoder.allowsJSON5 = true
        return try decoder.decode(type, from: Data(text.utf8))
      } catch let error as DecodingError {
        throw ModelFolder.Failure.badConfiguration(path: place + path, reason: error.oneLine)
      } catch {
        throw ModelFolder.Failure.badConfiguration(path: place + path, reason: "\(error)")
      }
    }
    self.texts = texts
    let encoders = ModelPart.textEncoders.filter { index.component($0.rawValue) != nil }
    textEncoders = try encoders.map { part in
      var config = try decode(CLIPTextConfig.self, "\(part.rawValue)/config.json")
      // Newer tools leave `architectures` out; the index names the class.
      if let name = index.component(part.rawValue)?.className { config.architectures = [name] }
      return config
    }
    guard let (part, type) = NetworkClass.find(in: index) else {
      throw ModelFolder.Failure.badConfiguration(
        path: place + "model_index.json", reason: "\(index.className) has no denoising network this version knows")
    }
    network = try NetworkClass.config(of: type) { try decode($0, "\(part.rawValue)/config.json") }
    networkPart = part
    // One in its place takes the scale of latents from it, where it has none of its own.
    autoencoder =
      needsVAE
      ? try decode(AutoencoderKLConfig.self, "vae/config.json")
      : (try? decode(AutoencoderKLConfig.self, "vae/config.json")) ?? AutoencoderKLConfig()
    scheduler = try decode(SchedulerConfig.self, "scheduler/scheduler_config.json")
    zerosForEmptyPrompt = index.forceZeros && encoders.count == 2
  }

  /// The U-Net's configuration; nil for another kind of network.
  public var unet: UNet2DConditionConfig? { network as? UNet2DConditionConfig }

  /// The family a pipeline is built like.
  public var family: ModelFamily { ModelFamily.inOrderOfClaims.first { $0.traits.claims(self) } ?? .sd1 }

  /// What the network's input is; nil for a combination nobody uses.
  public var kind: ModelKind? { ModelKind(inputs: network.inChannels, outputs: network.predictionChannels) }

  /// Another noise schedule, whose text is made anew when it is asked for.
  mutating func changeScheduler(_ change: (inout SchedulerConfig) -> Void) {
    let old = scheduler
    change(&scheduler)
    if scheduler != old { texts["scheduler/scheduler_config.json"] = nil }
  }

  /// Another autoencoder's configuration, whose text is made anew when it is asked for.
  mutating func replaceAutoencoder(with config: AutoencoderKLConfig) {
    autoencoder = config
    texts["vae/config.json"] = nil
  }
}

// MARK: - Writing

extension PipelineConfigurations {
  /// The texts of a whole folder: those read, and new ones for the rest.
  func completeTexts() throws -> [String: String] {
    var all: [String: String] = [:]
    var objects: [(path: String, value: any Encodable, className: String)] = [
      ("scheduler/scheduler_config.json", scheduler, scheduler.className),
      ("\(networkPart.rawValue)/config.json", network, network.className),
      ("vae/config.json", autoencoder, "AutoencoderKL"),
    ]
    for (part, config) in zip(ModelPart.textEncoders, textEncoders) {
      objects.append(("\(part.rawValue)/config.json", config, config.architectures.first ?? "CLIPTextModel"))
    }
    for (path, value, className) in objects {
      if let text = texts[path] {
        all[path] = text
        continue
      }
      var object = try JSONSerialization.jsonObject(with: JSONEncoder().encode(value)) as? [String: Any] ?? [:]
      if path.hasPrefix("text_encoder") {
        // transformers finds the class by this name.
        object["model_type"] = "clip_text_model"
      } else {
        object["_class_name"] = className
      }
      if className == "AutoencoderKL" {
        // What this program takes for granted, and diffusers does not.
        let levels = autoencoder.blockOutChannels.count
        object["down_block_types"] = [String](repeating: "DownEncoderBlock2D", count: levels)
        object["up_block_types"] = [String](repeating: "UpDecoderBlock2D", count: levels)
      }
      all[path] = try Self.text(object)
    }
    all["model_index.json"] = try texts["model_index.json"] ?? indexText()
    return all
  }

  private func indexText() throws -> String {
    let traits = family.traits as? any StableDiffusionTraits
    var index: [String: Any] = [
      "scheduler": ["diffusers", scheduler.className], networkPart.rawValue: ["diffusers", network.className],
      "vae": ["diffusers", "AutoencoderKL"], "feature_extractor": [NSNull(), NSNull()],
    ]
    for (suffix, config) in zip(["", "_2"], textEncoders) {
      index["text_encoder\(suffix)"] = ["transformers", config.architectures.first ?? "CLIPTextModel"]
      index["tokenizer\(suffix)"] = ["transformers", "CLIPTokenizer"]
    }
    let name =
      switch kind ?? .textToImage {
      case .textToImage: ""
      case .inpainting: "Inpaint"
      case .instruction: "InstructPix2Pix"
      }
    index["_class_name"] = "\(traits?.pipelineStem ?? "StableDiffusion")\(name)Pipeline"
    index.merge(traits?.indexSettings(self) ?? [:]) { $1 }
    return try Self.text(index)
  }

  private static func text(_ object: [String: Any]) throws -> String {
    let data = try JSONSerialization.data(
      withJSONObject: object, options: [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes])
    return String(decoding: data, as: UTF8.self) + "\n"
  }
}
