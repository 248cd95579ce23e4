import Diffusion
import Foundation
import Generation
import Images

/// Turns the fields of a picture's text into a job.
struct ParameterReader {
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
    "User", "Downcast alphas_cumprod",
  ]

  private var isOwn: Bool { parameters["Version"]?.hasPrefix("imago") == true }

  mutating func read(editing: Bool) throws(JobError) {
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
    job.clipSkip = try value("Clip skip") { Int($0) }.map { $0 < 1 ? 0 : $0 - 1 }
    job.variationSeed = try value("Variation seed") { UInt64($0) }
    job.variationStrength = try value("Variation seed strength") { Double($0) }
    job.isSeamless = text("Tiling").map { $0 == "True" }
    (job.loras, job.embeddings) = (list("Adapters"), list("Embeddings"))
    job.precision = try value("Precision") { Precision(rawValue: $0) }
    job.emphasis = try value("Emphasis") { Emphasis(anyName: $0) }
    job.predictionType = try value("Prediction type") { PredictionType(rawValue: $0) }
    job.usesAverage = text("EMA weights").map { $0 == "True" }
    job.isFactored = text("Adapters factored").map { $0 == "True" }
    try readStream()
    try readHires()
    try readStrip()
    try readEdit(editing)
    job.vae = readPath("VAE", flag: "--vae")
    job.tokenizer = readPath("Tokenizer", flag: "--tokenizer")
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
    }
  }

  /// A second prompt or seed.
  private mutating func readStrip() throws(JobError) {
    job.toPrompt = text(BlendField.prompt) ?? text(StripField.toPrompt)
    job.blendShare = try value(BlendField.share) { Double($0) }
    job.toSeed = try value(StripField.toSeed) { UInt64($0) }
    job.frames = try value(StripField.frames) { Int($0).flatMap { (2...1000).contains($0) ? $0 : nil } }
  }

  /// The picture it was made from.
  private mutating func readEdit(_ editing: Bool) throws(JobError) {
    guard job.hiresScale == nil else { return }
    // What is said about files is of no use to pictures from words.
    var told: [String] = []
    do throws(UnreadableField) {
      let edit = try EditJob(parameters, notes: &told, known: &known)
      if editing {
        job.edit = edit
        notes += told
      } else if !edit.isEmpty || parameters[EditField.input] != nil {
        let strength = parameters["Denoising strength"].map { "Denoising strength \($0): " } ?? ""
        notes.append("\(strength)it was made from another picture, which img2img does")
      }
    } catch {
      throw unreadable(error.key, error.value)
    }
    let size: (Int?, Int?) = (
      try value(EditField.width) { Int($0) }, try value(EditField.height) { Int($0) }
    )
    // The size written is the network's; the picture comes to it again by itself.
    if editing, isOwn, parameters[EditField.input] != nil { (job.width, job.height) = size }
  }

  /// Imago writes the path it was given; other programs a name, which says where nothing is.
  private mutating func readPath(_ key: String, flag: String) -> String? {
    guard let name = text(key), name != "None", name != "Automatic" else { return nil }
    if FileManager.default.fileExists(atPath: name) { return name }
    notes.append("\(key) \(name) is not here by that name: say where it is with \(flag), or the model's own is used")
    return nil
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
    guard let value = read(text) else { throw unreadable(key, text) }
    return value
  }

  private func unreadable(_ key: String, _ text: String) -> JobError {
    .unreadable(path: path, reason: "its field \"\(key): \(text)\" cannot be read")
  }
}
