import Diffusion
import Foundation
import Generation
import Images

/// The settings found in a picture, and what of them cannot be had here.
public struct PictureOrigin: Sendable {
  public var job: PictureJob
  /// One line each.
  public var notes: [String]
  /// The model's name as the picture has it.
  public var modelName: String?

  /// Reads a picture's settings.
  /// - Parameter locator: looks for the model by its name, and leaves `job.model` nil if it is not there; nil does not look.
  public init(_ url: URL, locator: ModelLocator?) throws {
    guard let text = try ImageFile.parameters(of: url) else {
      throw JobError.unreadable(
        path: url.path, reason: "holds no generation parameters, so there is nothing to make it again from")
    }
    try self.init(GenerationParameters(parsing: text), path: url.path, locator: locator)
  }

  /// - Parameter path: for messages.
  public init(_ parameters: GenerationParameters, path: String, locator: ModelLocator?) throws(JobError) {
    var reader = ParameterReader(parameters, path: path)
    try reader.read()
    (job, notes) = (reader.job, reader.notes)
    modelName = parameters["Model"]
    guard let modelName, let locator else { return }
    job.model = locator.model(named: modelName)
  }
}

extension ModelLocator {
  /// What to give as `--model` for a model of that name, as metadata has it: a pipeline, or a file or folder in the
  /// working directory or in `Weights/`. nil if there is none.
  public func model(named name: String) -> String? {
    guard !name.isEmpty, !name.contains("/"), !name.hasPrefix(".") else { return nil }
    if FileManager.default.fileExists(atPath: home.appendingPathComponent("Pipelines/\(name).yaml").path) {
      return name
    }
    let folders = [
      URL(fileURLWithPath: FileManager.default.currentDirectoryPath), home.appendingPathComponent("Weights"),
    ]
    for folder in folders {
      for ending in ["", ".safetensors", ".ckpt", ".gguf"] {
        let url = folder.appendingPathComponent(name + ending)
        if FileManager.default.fileExists(atPath: url.path) { return url.path }
      }
    }
    return nil
  }
}

/// Turns the fields of a picture's text into a job.
private struct ParameterReader {
  let parameters: GenerationParameters
  let path: String
  var job = PictureJob()
  var notes: [String] = []
  private var known: Set<String> = []

  init(_ parameters: GenerationParameters, path: String) {
    (self.parameters, self.path) = (parameters, path)
  }

  /// Fields that describe and decide nothing.
  private static let descriptive: Set<String> = [
    "Model", "Version", "Lora hashes", "TI hashes", "Hashes", "VAE", "VAE hash", "Batch size", "Batch pos",
    "Mask blur", "Emphasis", "User", "Downcast alphas_cumprod",
  ]

  private var isOwn: Bool { parameters["Version"]?.hasPrefix("imago") == true }

  mutating func read() throws(JobError) {
    guard !parameters.fields.isEmpty else {
      throw .unreadable(path: path, reason: "its text holds a prompt but no settings")
    }
    job.prompt = parameters.prompt
    job.negativePrompt = parameters.negativePrompt
    job.steps = try value("Steps") { Int($0) }
    job.cfg = try value("CFG scale") { Float($0) }
    job.guidanceRescale = try value("CFG rescale") { Float($0) }
    job.eta = try value("Eta") { Double($0) }
    job.sampler = text("Sampler")
    readSchedule()
    job.seed = try value("Seed") { UInt64($0) }
    job.modelHash = text("Model hash")
    let found = parameters.size
    let size = try value("Size") { _ in found }
    (job.width, job.height) = (size?.width, size?.height)
    job.clipSkip = try value("Clip skip") { Int($0) }.map { max($0 - 1, 0) }
    job.variationSeed = try value("Variation seed") { UInt64($0) }
    job.variationStrength = try value("Variation seed strength") { Double($0) }
    job.isSeamless = text("Tiling").map { $0 == "True" }
    (job.loras, job.embeddings) = (list("Adapters"), list("Embeddings"))
    job.precision = try value("Precision") { Precision(rawValue: $0) }
    try readStream()
    try readHires()
    try readVAE()
    noteOthers()
  }

  /// A field that holds several values.
  private mutating func list(_ key: String) -> [String]? {
    text(key).map { $0.split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) } }
  }

  /// AUTOMATIC1111's samplers have a schedule of their own where none is named: before version 1.9 evenly spaced
  /// timesteps, since then ("Automatic") one for each sampler. Imago's have the model's.
  private mutating func readSchedule() {
    job.schedule = text("Schedule type")
    guard !isOwn, let name = job.sampler, let parsed = try? SamplerName.parse(name) else { return }
    if let written = job.schedule {
      if (try? ScheduleName(parsing: written)) == .default { job.schedule = parsed.sampler.automaticSchedule?.rawValue }
    } else if parsed.schedule == nil, parsed.sampler.automaticSchedule != nil {
      job.schedule = ScheduleName.uniform.rawValue
    }
  }

  private mutating func readStream() throws(JobError) {
    switch text("RNG") ?? (isOwn ? "CPU" : "GPU") {
    case "CPU": job.stream = .torch
    // A1111's "GPU" is torch on CUDA, whose numbers Philox gives too.
    case "NV", "GPU": job.stream = .nv
    case "CPU batch":
      job.stream = .torchBatch
      guard let size = try value("Batch size", { Int($0) }), let position = try value("Batch pos", { Int($0) }),
        (1...4096).contains(size), (0..<size).contains(position)
      else { throw .unreadable(path: path, reason: "its batch has no size or place") }
      job.batchPlace = BatchPlace(position: position, size: size)
      // Second seeds count on from the batch's first picture.
      job.variationSeed = job.variationSeed.map { $0 &- UInt64(position) }
    case let other: notes.append("RNG \(other) is not known: the noise will be another")
    }
  }

  private mutating func readHires() throws(JobError) {
    job.hiresScale = try value("Hires upscale") { Double($0) }
    job.hiresSteps = try value("Hires steps") { Int($0) }
    // A1111 writes 0 for the first pass's number.
    if job.hiresSteps == 0 { job.hiresSteps = nil }
    let strength = try value("Denoising strength") { Double($0) }
    if let name = text("Hires upscaler") {
      switch name {
      case "Latent": job.hiresUpscaler = .latent
      case "Lanczos": job.hiresUpscaler = .lanczos
      default:
        job.hiresUpscaler = .lanczos
        notes.append("Hires upscaler \(name) is not in this version: Lanczos takes its place")
      }
    }
    if job.hiresScale != nil {
      job.hiresDenoise = strength
    } else {
      (job.hiresSteps, job.hiresUpscaler) = (nil, nil)
      if let strength {
        notes.append("Denoising strength \(strength): it was made from another picture, which img2img does")
      }
    }
  }

  /// Imago writes the path it was given; other programs a name, which says where nothing is.
  private mutating func readVAE() throws(JobError) {
    guard let name = text("VAE"), name != "None", name != "Automatic" else { return }
    if FileManager.default.fileExists(atPath: name) {
      job.vae = name
    } else {
      notes.append("VAE \(name) is not here by that name: say where it is with --vae, or the model's own is used")
    }
  }

  private mutating func noteOthers() {
    for field in parameters.fields
    where !known.contains(field.key) && !Self.descriptive.contains(field.key) {
      notes.append("\(field.key) \(field.value) is not in this version and is left out")
    }
    if !isOwn, parameters["Version"] != nil || parameters["Model hash"] != nil {
      notes.append("made by another program: it cuts pixel values where Imago rounds, so they may differ by 1")
    }
  }

  private mutating func text(_ key: String) -> String? {
    known.insert(key)
    return parameters[key]
  }

  private mutating func value<Value>(
    _ key: String, _ read: (String) -> Value?
  ) throws(JobError) -> Value? {
    guard let text = text(key) else { return nil }
    guard let value = read(text) else {
      throw .unreadable(path: path, reason: "its field \"\(key): \(text)\" cannot be read")
    }
    return value
  }
}
