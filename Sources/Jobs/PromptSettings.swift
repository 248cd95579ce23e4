import Diffusion
import Foundation
import Generation

/// The settings of a line as they are read.
struct PromptSettings {
  var job = PictureJob()
  private var seeds: [UInt64] = []
  private var batchSize: Int?
  private var rounds: Int?

  /// The line's jobs: one for each seed if several are named.
  var jobs: [PictureJob] {
    var job = job
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
    guard size * rounds <= 1_000_000 else {
      throw PromptLineError(reason: "\(rounds) batches of \(size) are \(size * rounds) pictures, at most 1000000")
    }
  }

  /// Sets the value of a name: AUTOMATIC1111's, kohya's or a flag's.
  mutating func set(_ name: String, _ value: String) throws(PromptLineError) {
    let key = name.lowercased().replacing("-", with: "_")
    if try setText(key, name, value) { return }
    if try setNumber(key, name, value) { return }
    if try setEdit(key, name, value) { return }
    if try setStrip(key, name, value) { return }
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
    case "sampler", "sampler_name", "ss":
      job.sampler = value
      try check { () throws(SamplerError) in _ = try SamplerChoice(value) }
    case "schedule", "scheduler", "schedule_type":
      job.schedule = value
      try check { () throws(SamplerError) in _ = try ScheduleName(parsing: value) }
    case "model", "sd_model": job.model = value
    case "vae": job.vae = value
    case "tokenizer": job.tokenizer = value
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
    if value.isEmpty, key != "n", key != "negative", key != "negative_prompt" {
      throw PromptLineError(reason: "--\(name) has no value")
    }
    return true
  }

  private mutating func setNumber(_ key: String, _ name: String, _ value: String) throws(PromptLineError) -> Bool {
    switch key {
    case "s", "steps": job.steps = try whole(name, value)
    case "w", "width": job.width = try whole(name, value)
    case "h", "height": job.height = try whole(name, value)
    case "l", "cfg", "cfg_scale": job.cfg = Float(try number(name, value))
    case "guidance_rescale": job.guidanceRescale = Float(try number(name, value))
    case "eta": job.eta = try number(name, value)
    case "clip_skip": job.clipSkip = try whole(name, value, from: 0)
    case "count": job.count = try whole(name, value)
    case "batch_size": batchSize = try whole(name, value, to: 100_000)
    case "n_iter": rounds = try whole(name, value, to: 100_000)
    case "d", "seed":
      seeds = []
      for part in value.split(separator: ",") where part.filter({ !$0.isWhitespace }) != "-1" {
        seeds.append(try seed(name, String(part.filter { !$0.isWhitespace })))
      }
      if value.isEmpty { throw PromptLineError(reason: "--\(name) has no value") }
    case "subseed", "variation_seed": job.variationSeed = value == "-1" ? nil : try seed(name, value)
    case "subseed_strength", "variation_strength": job.variationStrength = try number(name, value)
    case "hires_scale": job.hiresScale = try number(name, value)
    case "hires_steps": job.hiresSteps = try whole(name, value)
    case "hires_denoise": job.hiresDenoise = try number(name, value)
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
    guard let number = Int(value), (low...high).contains(number) else {
      throw PromptLineError(reason: "--\(name) \(value): must be a whole number from \(low) to \(high)")
    }
    return number
  }

  func number(_ name: String, _ value: String) throws(PromptLineError) -> Double {
    guard let number = Double(value), number.isFinite else {
      throw PromptLineError(reason: "--\(name) \(value): must be a number")
    }
    return number
  }

  func seed(_ name: String, _ value: String) throws(PromptLineError) -> UInt64 {
    guard let seed = UInt64(value) else {
      throw PromptLineError(reason: "--\(name) \(value): must be a whole number, 0 or more")
    }
    return seed
  }

  func flag(_ name: String, _ value: String) throws(PromptLineError) -> Bool {
    switch value.lowercased() {
    case "true", "": return true
    case "false": return false
    default: throw PromptLineError(reason: "--\(name) \(value): must be true or false")
    }
  }
}
