import Checkpoints
import Diffusion
import Files
import Foundation
import Generation
import Images
import Models
import SafeTensors
import TensorCore

/// Writes finished pictures with the settings that made them.
public struct PictureWriter: Sendable {
  /// What one picture was made of.
  public struct Settings: Sendable {
    public var prompt: String
    public var negativePrompt: String
    public var steps: Int
    public var sampler: SamplerName
    /// nil for the model's own.
    public var schedule: ScheduleName?
    public var guidance: Guidance
    public var seed: UInt64
    public var stream: RandomStream
    public var width, height: Int
    public var clipSkip: Int?
    public var eta: Double
    public var model: String
    /// As the ecosystem computes it.
    public var modelHash: String?
    /// An autoencoder in place of the model's own.
    public var vae: String?
    public var vaeHash: String?
    public var precision: Precision?
    public var variation: SeedVariation?
    public var hires: HiresFix?
    public var isSeamless: Bool
    /// `NAME[:WEIGHT]` each; those named in the prompt are not repeated here.
    public var adapters = NamedFiles()
    /// Textual inversions.
    public var embeddings = NamedFiles()
    /// Further fields that decide the picture.
    public var others: [GenerationParameters.Field] = []
    /// Where the picture stood among those that drew their noise from one generator, and how many there were.
    public var batch: (position: Int, size: Int)?

    /// - Parameter index: of the picture in the request's batch.
    public init(_ request: GenerationRequest, index: Int, model: String) {
      prompt = request.prompts[index]
      negativePrompt = request.negativePrompt ?? ""
      steps = request.steps
      sampler = request.sampler
      schedule = request.schedule
      guidance = request.guidance
      seed = request.seeds[index]
      stream = request.stream
      (width, height) = (request.width, request.height)
      clipSkip = request.clipSkip
      eta = request.eta
      self.model = model
      variation = request.variations.isEmpty ? nil : request.variations[index]
      hires = request.hires
      isSeamless = request.isSeamless
      batch = request.stream == .torchBatch ? (index, request.seeds.count) : nil
    }

    /// The parameters as the ecosystem writes them, AUTOMATIC1111's infotext: all that decides the picture, every number
    /// with as many digits as it takes to read the same one back.
    public var parameters: GenerationParameters {
      var fields: [(key: String, value: String)] = []
      func add(_ key: String, _ value: String?) {
        if let value { fields.append((key, value)) }
      }
      add("Steps", "\(steps)")
      add("Sampler", sampler.displayName)
      add("Schedule type", schedule?.displayName)
      add("CFG scale", Self.short(Double(guidance.scale), "\(guidance.scale)"))
      add("Seed", "\(seed)")
      add("Size", "\(width)x\(height)")
      add("Model hash", modelHash)
      add("Model", model)
      add("VAE hash", vaeHash)
      add("VAE", vae)
      add("Variation seed", variation.map { "\($0.seed)" })
      add("Variation seed strength", variation.map { Self.short($0.strength) })
      add("Denoising strength", hires.map { Self.short($0.denoise) })
      // A1111 counts the last layer as 1.
      add("Clip skip", clipSkip.flatMap { $0 > 0 ? "\($0 + 1)" : nil })
      add("RNG", rng)
      add("Batch size", batch.map { "\($0.size)" })
      add("Batch pos", batch.map { "\($0.position)" })
      add("Tiling", isSeamless ? "True" : nil)
      if let hires { fields += Self.fields(hires) }
      add("Eta", eta > 0 ? Self.short(eta) : nil)
      add("CFG rescale", guidance.rescale > 0 ? Self.short(Double(guidance.rescale), "\(guidance.rescale)") : nil)
      for (key, files) in [("Adapter", adapters), ("Embedding", embeddings)] {
        add("\(key)s", files.namesField)
        add("\(key) hashes", files.hashesField)
      }
      fields += others
      add("Precision", precision?.rawValue)
      fields.append(("Version", "imago"))
      return GenerationParameters(
        prompt: prompt, negativePrompt: negativePrompt, fields: fields)
    }

    /// Of a second pass, under AUTOMATIC1111's names.
    private static func fields(_ hires: HiresFix) -> [GenerationParameters.Field] {
      let pairs: [(String, String?)] = [
        ("Hires prompt", hires.prompt), ("Hires negative prompt", hires.negativePrompt),
        ("Hires resize", hires.resize.map { "\($0.width)x\($0.height)" }),
        ("Hires upscale", hires.resize == nil ? short(hires.scale) : nil),
        ("Hires steps", hires.steps.map { "\($0)" }),
        ("Hires upscaler", hires.upscaler == .latent ? "Latent" : "Lanczos"),
        ("Hires sampler", hires.sampler?.displayName), ("Hires schedule type", hires.schedule?.displayName),
        ("Hires CFG Scale", hires.cfg.map { short(Double($0), "\($0)") }),
        (HiresField.counting, hires.counting == .share ? nil : hires.counting.rawValue),
      ]
      return pairs.compactMap { name, value in value.map { (name, $0) } }
    }

    private var rng: String {
      switch stream {
      case .torch: "CPU"
      case .torchBatch: "CPU batch"
      case .nv: "NV"
      }
    }

    /// Whole numbers without a fraction.
    private static func short(_ value: Double, _ digits: String? = nil) -> String {
      abs(value) < 1e15 && value == value.rounded() ? String(Int(value)) : digits ?? "\(value)"
    }
  }

  public let format: OutputNaming.Format
  public let embedsParameters: Bool

  public init(format: OutputNaming.Format, embedsParameters: Bool) {
    self.format = format
    self.embedsParameters = embedsParameters
  }

  /// Why a file of that name cannot hold the settings, which are then left out of it; nil if it can.
  public func problem(storing settings: Settings, in url: URL) -> String? {
    embedsParameters ? ImageFile.problem(storing: settings.parameters.format(), in: url) : nil
  }

  /// Writes picture `index` of a batch.
  /// - Parameters:
  ///   - replacing: whether it may take the place of a file of that name.
  ///   - finish: what is done to the 8-bit picture before; not to floats.
  /// - Throws: `FilePlacement.Taken` if the name is taken.
  public func write(
    _ batch: GeneratedBatch, index: Int, settings: Settings, to url: URL, replacing: Bool = true,
    finish: (Image) -> Image = { $0 }
  ) throws {
    try Self.place(at: url, replacing: replacing) {
      try write(batch.pixels, batch.latents, index: index, settings: settings, to: $0, finish)
    }
  }

  /// Lets a file be written under another name and gives it its own once it is complete.
  /// - Parameters:
  ///   - replacing: whether it may take the place of a file of that name.
  ///   - write: writes to the place it is given, which has the same ending.
  /// - Throws: what `write` throws; `FilePlacement.Taken` if the name is taken.
  public static func place(at url: URL, replacing: Bool, _ write: (URL) throws -> Void) throws {
    do {
      try FilePlacement.place(at: url.path, replacing: replacing) { try write(URL(fileURLWithPath: $0)) }
    } catch {
      // Messages name the file a person asked for.
      switch error {
      case let error as PartialError: throw ImageError.unwritable(path: url.path, reason: error.description)
      case ImageError.unwritable(_, let reason), CheckpointError.unwritable(_, let reason):
        throw ImageError.unwritable(path: url.path, reason: reason)
      case ImageError.inFile(_, let inner): throw ImageError.inFile(path: url.path, inner)
      default: throw error
      }
    }
  }

  private func write(
    _ pixels: Tensor, _ latents: Tensor, index: Int, settings: Settings, to url: URL, _ finish: (Image) -> Image
  ) throws {
    let pixels = pixels.slice(axis: 0, from: index, count: 1)
    switch format {
    case .png, .jpeg:
      let fits = embedsParameters && problem(storing: settings, in: url) == nil
      let text = fits ? [(key: ImageFile.parametersKey, value: settings.parameters.format())] : []
      try ImageFile.save(finish(ImageTensor.images(pixels)[0]), to: url, text: text)
    case .safetensors:
      let unit = ImageTensor.unitValues(pixels)[0]
      let latents = latents.slice(axis: 0, from: index, count: 1)
      let channelsFirst = latents.permuted([0, 3, 1, 2])
      try TensorFile.write(
        [("image_nhwc", Tensor(unit, shape: pixels.shape)), ("latents", channelsFirst)], to: url,
        metadata: embedsParameters ? [ImageFile.parametersKey: settings.parameters.format()] : [:])
    }
  }
}

/// Names of the metadata that only Imago writes about second passes.
package enum HiresField {
  /// What the second pass's steps count, where that is not a share.
  package static let counting = "Hires step counting"
}
