import Conditioning
import Diffusion
import Foundation
import Generation
import Images

/// The settings of a line as they are read.
struct PromptSettings {
  var job = PictureJob()
  private var seeds: [UInt64] = []
  private var batchSize: Int?
  private var rounds: Int?

  /// The line's jobs: one for each seed if several are named.
  var jobs: [PictureJob] {
    var job = job
    // Both are at most 100,000.
    if batchSize != nil || rounds != nil { job.count = (batchSize ?? 1) * (rounds ?? 1) }
    guard !seeds.isEmpty else { return [job] }
    return seeds.map { seed in
      job.seed = seed
      return job
    }
  }

  /// Throws if batch size and number of batches come to more pictures than a job may have.
  func checkCount() throws(PromptLineError) {
    let (size, rounds) = (batchSize ?? 1, rounds ?? 1)
    guard size * rounds <= PictureJob.countLimit else {
      throw PromptLineError(
        reason: "\(rounds) batches of \(size) are \(size * rounds) pictures, at most \(PictureJob.countLimit)")
    }
  }

  /// Sets the value of a name: AUTOMATIC1111's, kohya's or a flag's.
  mutating func set(_ name: String, _ value: String) throws(PromptLineError) {
    let key = name.lowercased().replacing("-", with: "_")
    if try setText(key, name, value) { return }
    if try setNumber(key, name, value) { return }
    if try setEdit(key, name, value) { return }
    if try setStrip(key, name, value) { return }
    if try setGuide(key, name, value) { return }
    switch key {
    case "tiling", "seamless": job.isSeamless = try flag(name, value)
    case "ema": job.usesAverage = try flag(name, value)
    case "factored": job.isFactored = try flag(name, value)
    case "restore_faces":
      if try flag(name, value) { throw PromptLineError(reason: "--\(name): not in this version") }
    // They decide which files are written besides the picture; none is here, or what a person is shown.
    case "do_not_save_grid", "do_not_save_samples", "prompt_for_display": break
    case "sampler_index", "outpath_samples", "outpath_grids", "seed_resize_from_h", "seed_resize_from_w", "g",
      "nl", "am", "ow", "oh", "ct", "cl", "n_iter_seed":
      throw PromptLineError(reason: "--\(name): not in this version")
    default: throw PromptLineError(reason: "--\(name) is no setting of a picture")
    }
  }

  private mutating func setText(_ key: String, _ name: String, _ value: String) throws(PromptLineError) -> Bool {
    switch key {
    case "prompt": job.prompt = value
    case "n", "negative", "negative_prompt": job.negativePrompt = value
    case "hires_prompt": job.hiresPrompt = value
    case "hires_negative": job.hiresNegativePrompt = value
    case "hires_sampler":
      job.hiresSampler = value
      try check { () throws(SamplerError) in _ = try SamplerChoice(value) }
    case "hires_schedule":
      job.hiresSchedule = value
      try check { () throws(SamplerError) in _ = try ScheduleName(parsing: value) }
    case "hires_upscaler": job.hiresUpscaler = try choice(name, value) { HiresFix.Upscaler(rawValue: $0.lowercased()) }
    case "sampler", "sampler_name", "ss":
      job.sampler = value
      try check { () throws(SamplerError) in _ = try SamplerChoice(value) }
    case "schedule", "scheduler", "schedule_type":
      job.schedule = value
      try check { () throws(SamplerError) in _ = try ScheduleName(parsing: value) }
    case "model", "sd_model": job.model = value
    case "vae": job.vae = value
    case "tokenizer": job.tokenizer = value
    case "variant": job.variant = value
    case "prediction": job.predictionType = try choice(name, value) { PredictionType(rawValue: $0) }
    case "emphasis": job.emphasis = try choice(name, value) { Emphasis(anyName: $0) }
    case "style": job.styles = (job.styles ?? []) + [value]
    case "styles":
      let names = value.split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) }
      job.styles = (job.styles ?? []) + names.filter { !$0.isEmpty }
    case "styles_file": job.stylesFile = value
    case "lora": job.loras = (job.loras ?? []) + [value]
    case "embedding": job.embeddings = (job.embeddings ?? []) + [value]
    case "f", "file_name":
      guard !value.isEmpty, !value.contains("/"), !value.hasPrefix(".") else {
        throw PromptLineError(reason: "--\(name) \(value): must be a file's name without a folder")
      }
      job.fileName = value
    case "rng":
      job.stream = try choice(name, value) { RandomStream(rawValue: $0.lowercased()) }
    default: return false
    }
    if value.isEmpty, !["prompt", "n", "negative", "negative_prompt", "hires_prompt", "hires_negative"].contains(key) {
      throw PromptLineError(reason: "--\(name) has no value")
    }
    return true
  }

  private mutating func setNumber(_ key: String, _ name: String, _ value: String) throws(PromptLineError) -> Bool {
    switch key {
    case "s", "steps": job.steps = try whole(name, value)
    case "w", "width": job.width = try whole(name, value)
    case "h", "height": job.height = try whole(name, value)
    case "l", "cfg", "cfg_scale": job.cfg = try single(name, value)
    case "guidance_rescale": job.guidanceRescale = try single(name, value)
    case "eta": job.eta = try number(name, value)
    case "clip_skip": job.clipSkip = try whole(name, value, from: 0)
    case "count": job.count = try whole(name, value, to: PictureJob.countLimit)
    case "batch_size": batchSize = try whole(name, value, to: 100_000)
    case "n_iter": rounds = try whole(name, value, to: 100_000)
    case "d", "seed":
      seeds = []
      if value.isEmpty { throw PromptLineError(reason: "--\(name) has no value") }
      for part in value.split(separator: ",") where !Self.isAnySeed(part) { seeds.append(try seed(name, part)) }
      job.drawsSeed = seeds.isEmpty ? true : nil
    case "subseed", "variation_seed": job.variationSeed = Self.isAnySeed(value) ? nil : try seed(name, value)
    case "subseed_strength", "variation_strength": job.variationStrength = try number(name, value)
    case "hires_scale": job.hiresScale = try number(name, value)
    case "hires_steps": job.hiresSteps = try whole(name, value)
    case "hires_denoise": job.hiresDenoise = try number(name, value)
    case "hires_cfg": job.hiresCFG = try single(name, value)
    case "hires_resize":
      guard let sides = GenerationParameters.sides(value), sides.width + sides.height > 0 else {
        throw PromptLineError(reason: "--\(name) \(value): must be WIDTHxHEIGHT in pixels")
      }
      job.hiresResize = PixelSize(width: sides.width, height: sides.height)
    default: return false
    }
    return true
  }

  /// One of an enum's names.
  func choice<Choice: RawRepresentable & CaseIterable>(
    _ name: String, _ value: String, _ read: (String) -> Choice?
  ) throws(PromptLineError) -> Choice where Choice.RawValue == String {
    guard let choice = read(value) else {
      let names = Choice.allCases.map(\.rawValue).joined(separator: ", ")
      throw PromptLineError(reason: "--\(name) \(value): must be one of \(names)")
    }
    return choice
  }

  private func check(_ work: () throws(SamplerError) -> Void) throws(PromptLineError) {
    do {
      try work()
    } catch {
      throw PromptLineError(reason: "\(error)")
    }
  }

  func whole(
    _ name: String, _ value: String, from low: Int = 1, to high: Int = 1_000_000
  ) throws(PromptLineError) -> Int {
    guard let number = WrittenNumber.whole(value), (low...high).contains(number) else {
      throw PromptLineError(
        reason: "--\(name) \(value): must be a whole number from \(low) to \(high)\(WrittenNumber.advice(value))")
    }
    return number
  }

  func number(_ name: String, _ value: String) throws(PromptLineError) -> Double {
    guard let number = WrittenNumber.decimal(value) else {
      throw PromptLineError(reason: "--\(name) \(value): must be a number\(WrittenNumber.advice(value))")
    }
    return number
  }

  func single(_ name: String, _ value: String) throws(PromptLineError) -> Float {
    let number = Float(try self.number(name, value))
    guard number.isFinite else { throw PromptLineError(reason: "--\(name) \(value): must be below 3e38") }
    return number
  }

  func seed(_ name: String, _ value: some StringProtocol) throws(PromptLineError) -> UInt64 {
    guard let seed = WrittenNumber.unsigned(value) else {
      throw PromptLineError(reason: "--\(name) \(value): must be a whole number, 0 or more, or -1 to draw one")
    }
    return seed
  }

  /// AUTOMATIC1111 and kohya draw a seed for -1.
  private static func isAnySeed(_ text: some StringProtocol) -> Bool { WrittenNumber.whole(text) == -1 }

  func flag(_ name: String, _ value: String) throws(PromptLineError) -> Bool {
    switch value.lowercased() {
    case "true", "": return true
    case "false": return false
    default: throw PromptLineError(reason: "--\(name) \(value): must be true or false")
    }
  }
}
