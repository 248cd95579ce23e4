import Adapters
import Conditioning
import Diffusion
import Foundation
import Images
import Models

/// Turns the fields of a picture's text into a job.
struct ParameterReader {
  let parameters: GenerationParameters
  let path: String
  var job = PictureJob()
  var notes: [String] = []
  private var known: Set<String> = []
  private let search: ModelSearch

  /// - Parameter search: looks for the files it names.
  init(_ parameters: GenerationParameters, path: String, search: ModelSearch) {
    (self.parameters, self.path, self.search) = (parameters, path, search)
  }

  /// Fields that describe and decide nothing.
  private static let descriptive: Set<String> = [
    "Model", "Version", "Lora hashes", "TI hashes", "Hashes", "VAE", "VAE hash", "Batch size", "Batch pos",
    "User", "Downcast alphas_cumprod", FileField.adapterHashes, FileField.embeddingHashes, FileField.tokenizerHash,
    GuideField.classifierHash, GuideField.contrastiveHash,
  ]

  /// Whether Imago wrote it.
  var isOwn: Bool { parameters["Version"]?.hasPrefix("imago") == true }

  mutating func read(editing: Bool) throws(JobError) {
    guard !parameters.fields.isEmpty else {
      throw .unreadable(path: path, reason: "its text holds a prompt but no settings")
    }
    job.prompt = parameters.prompt
    job.negativePrompt = parameters.negativePrompt
    job.steps = whole("Steps", 1...100_000)
    job.cfg = single("CFG scale")
    job.guidanceRescale = single("CFG rescale")
    job.eta = decimal("Eta")
    job.sampler = text("Sampler")
    readSchedule()
    readSeed()
    _ = text("Model hash")
    job.modelHash = parameters.modelHash
    let found = parameters.size
    let size = value("Size", "WIDTHxHEIGHT") { _ in found }
    (job.width, job.height) = (size?.width, size?.height)
    job.clipSkip = whole("Clip skip", 0...1000).map { max($0 - 1, 0) }
    job.variationSeed = seed("Variation seed")
    job.variationStrength = decimal("Variation seed strength")
    job.isSeamless = text("Tiling").map { $0 == "True" }
    job.loras = files(FileField.adapters, FileField.adapterHashes, .adapter, flag: "--lora")
    job.embeddings = files(FileField.embeddings, FileField.embeddingHashes, .embedding, flag: "--embedding")
    job.precision = value("Precision", "f32, bf16 or int8") { Precision(rawValue: $0) }
    job.emphasis = value("Emphasis", "a rule's name") { Emphasis(anyName: $0) }
    job.predictionType = value("Prediction type", "epsilon, v_prediction or sample") {
      PredictionType(rawValue: $0)
    }
    job.usesAverage = text("EMA weights").map { $0 == "True" }
    job.isFactored = text("Adapters factored").map { $0 == "True" }
    readStream()
    readHires()
    readStrip()
    readGuides()
    readEdit(editing)
    job.vae = file(FileField.vae, FileField.vaeHash, .autoencoder, flag: "--vae")
    job.tokenizer = file(FileField.tokenizer, FileField.tokenizerHash, .tokenizer, flag: "--tokenizer")
    job.variant = text("Variant")
    noteOthers()
  }

  /// Files of a field that names several; those that are not here are noted.
  private mutating func files(_ key: String, _ hashKey: String, _ kind: ModelSearch.Kind, flag: String) -> [String]? {
    guard let names = text(key) else { return nil }
    let listed = NamedFiles(namesField: names, hashesField: parameters[hashKey])
    let paths = listed.names.enumerated().compactMap { index, name -> String? in
      let path = kind == .adapter ? (try? AdapterRequest(argument: name))?.path ?? name : name
      let hash = index < listed.hashes.count ? listed.hashes[index] : nil
      return found(path, hash: hash, key, kind, or: "say where it is with \(flag), or it is left out")
        .map { $0 + name.dropFirst(path.count) }
    }
    return paths.isEmpty ? nil : paths
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

  private mutating func readStream() {
    switch text("RNG") ?? (isOwn ? "CPU" : "GPU") {
    case "CPU": job.stream = .torch
    // A1111's "GPU" is torch on CUDA, whose numbers Philox gives too.
    case "NV", "GPU": job.stream = .nv
    case "CPU batch":
      job.stream = .torchBatch
      guard let size = whole("Batch size", 1...4096), let position = whole("Batch pos", 0...4096), position < size
      else {
        notes.append("its batch has no size or place, so the noise will be another")
        return
      }
      job.batchPlace = BatchPlace(position: position, size: size)
      // Second seeds count on from the batch's first picture.
      job.variationSeed = job.variationSeed.map { $0 &- UInt64(position) }
    case let other: notes.append("RNG \(other) is not known: the noise will be another")
    }
  }

  /// A second prompt or seed.
  private mutating func readStrip() {
    job.toPrompt = text(BlendField.prompt) ?? text(StripField.toPrompt)
    job.blendShare = decimal(BlendField.share)
    job.toSeed = seed(StripField.toSeed)
    job.frames = whole(StripField.frames, 2...1000)
  }

  /// Networks that pulled it. What belongs to one that is not here goes with it.
  private mutating func readGuides() {
    var guides = GuideJob()
    guides.classifier = file(GuideField.classifier, GuideField.classifierHash, .guide, flag: "--classifier")
    let (name, scale) = (text(GuideField.className), single(GuideField.classifierScale))
    if guides.classifier != nil { (guides.className, guides.classifierScale) = (name, scale) }
    guides.contrastive = file(GuideField.contrastive, GuideField.contrastiveHash, .guide, flag: "--guide")
    let strength = single(GuideField.guideScale)
    if guides.contrastive != nil { guides.guideScale = strength }
    job.guides = guides
  }

  /// The picture it was made from.
  private mutating func readEdit(_ editing: Bool) {
    guard job.hiresScale == nil, job.hiresResize == nil else { return }
    // What is said about files is of no use to pictures from words.
    var told: [String] = []
    var edit = EditJob(parameters, search: search, notes: &told, known: &known)
    if !isOwn, edit.strength != nil { edit.counting = .shareAndOne }
    if editing {
      job.edit = edit
      notes += told
    } else if !edit.isEmpty || parameters[EditField.input] != nil {
      let strength = parameters["Denoising strength"].map { "Denoising strength \($0): " } ?? ""
      notes.append("\(strength)it was made from another picture, which img2img does")
    }
    let size = (whole(EditField.width, 1...1_000_000), whole(EditField.height, 1...1_000_000))
    // The size written is the network's; the picture comes to it again by itself.
    guard editing, isOwn, parameters[EditField.input] != nil else { return }
    (job.width, job.height) = size
    // Pictures from before there was a choice kept their size.
    job.edit.fitsModel = text(EditField.fitsModel) == "True"
  }

  /// A file that is not the model's own.
  private mutating func file(_ key: String, _ hashKey: String, _ kind: ModelSearch.Kind, flag: String) -> String? {
    guard let name = text(key), name != "None", name != "Automatic" else { return nil }
    let otherwise = kind == .guide ? "it is left out" : "the model's own is used"
    return found(name, hash: parameters[hashKey], key, kind, or: "say where it is with \(flag), or \(otherwise)")
  }

  private mutating func found(
    _ name: String, hash: String?, _ key: String, _ kind: ModelSearch.Kind, or advice: String
  ) -> String? {
    guard let found = search.find(kind, named: name, hash: hash) else {
      notes.append("\(key) \(name) is not here by that name or hash: \(advice)")
      return nil
    }
    if found.isSame == false { notes.append("\(key) \(name) is not what it was, so the result will be another") }
    return found.url.path
  }

  private mutating func noteOthers() {
    for field in parameters.fields
    where !known.contains(field.key) && !Self.descriptive.contains(field.key) {
      notes.append("\(field.key) \(Self.line(field.value)) is not in this version and is left out")
    }
    for line in parameters.unread { notes.append("\"\(Self.line(line))\" among its settings is none and is left out") }
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
  ) -> Value? {
    guard let text = text(key) else { return nil }
    guard let value = read(text) else {
      notes.append(Self.note(unreadable: key, text, expected))
      return nil
    }
    return value
  }

  /// - Parameter expected: what it should have been, where that can be said.
  static func note(unreadable key: String, _ text: String, _ expected: String? = nil) -> String {
    let reason = expected.map { ": \($0) is expected\(WrittenNumber.advice(text))" } ?? ""
    return "its field \"\(key): \(line(text).prefix(80))\" cannot be read and is left out\(reason)"
  }

  /// A value without its line breaks.
  private static func line(_ text: String) -> String {
    text.split(whereSeparator: \.isNewline).joined(separator: " ")
  }

  mutating func whole(_ key: String, _ range: ClosedRange<Int>) -> Int? {
    value(key, "a whole number from \(range.lowerBound) to \(range.upperBound)") {
      WrittenNumber.whole($0).flatMap { range.contains($0) ? $0 : nil }
    }
  }

  mutating func decimal(_ key: String) -> Double? {
    value(key, "a number") { WrittenNumber.decimal($0) }
  }

  mutating func single(_ key: String) -> Float? {
    value(key, "a number below 3e38") {
      WrittenNumber.decimal($0).map(Float.init).flatMap { $0.isFinite ? $0 : nil }
    }
  }

  /// nil for -1 or nothing, which stand for any seed.
  private mutating func seed(_ key: String) -> UInt64? {
    guard let text = text(key), !Self.isAnySeed(text) else { return nil }
    return value(key, "a whole number from 0 to \(UInt64.max), or -1 for any") { WrittenNumber.unsigned($0) }
  }

  private mutating func readSeed() {
    job.seed = seed("Seed")
    if let text = parameters["Seed"], Self.isAnySeed(text) { job.drawsSeed = true }
  }

  /// AUTOMATIC1111 draws a seed for -1, and where none is written.
  private static func isAnySeed(_ text: String) -> Bool {
    text.allSatisfy(\.isWhitespace) || WrittenNumber.whole(text) == -1
  }
}
