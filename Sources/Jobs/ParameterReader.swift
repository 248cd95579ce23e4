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

  /// Whether Imago wrote it.
  var isOwn: Bool { parameters["Version"]?.hasPrefix("imago") == true }

  mutating func read(editing: Bool) throws(JobError) {
    guard !parameters.fields.isEmpty else {
      throw .unreadable(path: path, reason: "its text holds a prompt but no settings")
    }
    job.prompt = parameters.prompt
    job.negativePrompt = parameters.negativePrompt
    job.steps = try whole("Steps", 1...100_000)
    job.cfg = try single("CFG scale")
    job.guidanceRescale = try single("CFG rescale")
    job.eta = try decimal("Eta")
    job.sampler = text("Sampler")
    readSchedule()
    try readSeed()
    job.modelHash = text("Model hash")
    let found = parameters.size
    let size = try value("Size", "WIDTHxHEIGHT") { _ in found }
    (job.width, job.height) = (size?.width, size?.height)
    job.clipSkip = try whole("Clip skip", 0...1000).map { max($0 - 1, 0) }
    job.variationSeed = try seed("Variation seed")
    job.variationStrength = try decimal("Variation seed strength")
    job.isSeamless = text("Tiling").map { $0 == "True" }
    (job.loras, job.embeddings) = (list("Adapters"), list("Embeddings"))
    job.precision = try value("Precision", "f32, bf16 or int8") { Precision(rawValue: $0) }
    job.emphasis = try value("Emphasis", "a rule's name") { Emphasis(anyName: $0) }
    job.predictionType = try value("Prediction type", "epsilon, v_prediction or sample") {
      PredictionType(rawValue: $0)
    }
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
    guard !isOwn, let name = job.sampler else { return }
    job.schedule = Self.schedule(written: job.schedule, sampler: name)
  }

  /// The schedule behind AUTOMATIC1111's names, which are those of a sampler and of what it calls "Schedule type".
  /// - Returns: nil for one that is in the sampler's name, or for the sampler's own.
  static func schedule(written: String?, sampler: String) -> String? {
    guard let parsed = try? SamplerName.parse(sampler) else { return written }
    if let written {
      return (try? ScheduleName(parsing: written)) == .default ? parsed.sampler.automaticSchedule?.rawValue : written
    }
    guard parsed.schedule == nil, let automatic = parsed.sampler.automaticSchedule else { return nil }
    // Restart has had Karras' levels since it is there; the others' names said theirs.
    return parsed.sampler == .restart ? automatic.rawValue : ScheduleName.uniform.rawValue
  }

  private mutating func readStream() throws(JobError) {
    switch text("RNG") ?? (isOwn ? "CPU" : "GPU") {
    case "CPU": job.stream = .torch
    // A1111's "GPU" is torch on CUDA, whose numbers Philox gives too.
    case "NV", "GPU": job.stream = .nv
    case "CPU batch":
      job.stream = .torchBatch
      guard let size = try whole("Batch size", 1...4096), let position = try whole("Batch pos", 0...4096),
        position < size
      else { throw .unreadable(path: path, reason: "its batch has no size or place") }
      job.batchPlace = BatchPlace(position: position, size: size)
      // Second seeds count on from the batch's first picture.
      job.variationSeed = job.variationSeed.map { $0 &- UInt64(position) }
    case let other: notes.append("RNG \(other) is not known: the noise will be another")
    }
  }

  /// A second prompt or seed.
  private mutating func readStrip() throws(JobError) {
    job.toPrompt = text(BlendField.prompt) ?? text(StripField.toPrompt)
    job.blendShare = try decimal(BlendField.share)
    job.toSeed = try seed(StripField.toSeed)
    job.frames = try whole(StripField.frames, 2...1000)
  }

  /// The picture it was made from.
  private mutating func readEdit(_ editing: Bool) throws(JobError) {
    guard job.hiresScale == nil, job.hiresResize == nil else { return }
    // What is said about files is of no use to pictures from words.
    var told: [String] = []
    do throws(UnreadableField) {
      var edit = try EditJob(parameters, notes: &told, known: &known)
      if !isOwn, edit.strength != nil { edit.counting = .shareAndOne }
      if editing {
        job.edit = edit
        notes += told
      } else if !edit.isEmpty || parameters[EditField.input] != nil {
        let strength = parameters["Denoising strength"].map { "Denoising strength \($0): " } ?? ""
        notes.append("\(strength)it was made from another picture, which img2img does")
      }
    } catch {
      throw unreadable(error.key, error.value, "another value")
    }
    let size = (try whole(EditField.width, 1...1_000_000), try whole(EditField.height, 1...1_000_000))
    // The size written is the network's; the picture comes to it again by itself.
    guard editing, isOwn, parameters[EditField.input] != nil else { return }
    (job.width, job.height) = size
    // Pictures from before there was a choice kept their size.
    job.edit.fitsModel = text(EditField.fitsModel) == "True"
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

  /// A value, where there is one. It counts as understood.
  mutating func text(_ key: String) -> String? {
    known.insert(key)
    return parameters[key]
  }

  /// - Parameter expected: what a value that is none should have been.
  mutating func value<Value>(
    _ key: String, _ expected: String, _ read: (String) -> Value?
  ) throws(JobError) -> Value? {
    guard let text = text(key) else { return nil }
    guard let value = read(text) else { throw unreadable(key, text, expected) }
    return value
  }

  private func unreadable(_ key: String, _ text: String, _ expected: String) -> JobError {
    .unreadable(
      path: path,
      reason: "its field \"\(key): \(text.prefix(80))\" cannot be read: \(expected) is expected"
        + WrittenNumber.advice(text))
  }

  mutating func whole(_ key: String, _ range: ClosedRange<Int>) throws(JobError) -> Int? {
    try value(key, "a whole number from \(range.lowerBound) to \(range.upperBound)") {
      WrittenNumber.whole($0).flatMap { range.contains($0) ? $0 : nil }
    }
  }

  mutating func decimal(_ key: String) throws(JobError) -> Double? {
    try value(key, "a number") { WrittenNumber.decimal($0) }
  }

  mutating func single(_ key: String) throws(JobError) -> Float? {
    try value(key, "a number below 3e38") {
      WrittenNumber.decimal($0).map(Float.init).flatMap { $0.isFinite ? $0 : nil }
    }
  }

  /// nil for -1 or nothing, which stand for any seed.
  private mutating func seed(_ key: String) throws(JobError) -> UInt64? {
    guard let text = text(key), !Self.isAnySeed(text) else { return nil }
    guard let seed = WrittenNumber.unsigned(text) else {
      throw unreadable(key, text, "a whole number from 0 to \(UInt64.max), or -1 for any")
    }
    return seed
  }

  private mutating func readSeed() throws(JobError) {
    job.seed = try seed("Seed")
    if let text = parameters["Seed"], Self.isAnySeed(text) { job.drawsSeed = true }
  }

  /// AUTOMATIC1111 draws a seed for -1, and where none is written.
  private static func isAnySeed(_ text: String) -> Bool {
    text.allSatisfy(\.isWhitespace) || WrittenNumber.whole(text) == -1
  }
}
