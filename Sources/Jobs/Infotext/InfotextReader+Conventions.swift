import Diffusion
import Generation
import Images

// What fields mean in the programs and versions that wrote them.
extension InfotextReader {
  /// A field that only old versions wrote.
  static let legacy = ["First pass size"]
  /// Fields of settings that are noted by name.
  static let others = ["Hires checkpoint"]

  // MARK: - Noise

  /// As "RNG" has a stream.
  static func name(of stream: RandomStream) -> String {
    switch stream {
    case .torch: "CPU"
    case .torchBatch: "CPU batch"
    case .nv: "NV"
    }
  }

  mutating func readStream() {
    switch parameters["RNG"] ?? (isOwn ? "CPU" : "GPU") {
    case Self.name(of: .torch): job.stream = .torch
    // A1111's "GPU" is torch on CUDA, whose numbers Philox gives too.
    case Self.name(of: .nv), "GPU": job.stream = .nv
    case Self.name(of: .torchBatch):
      job.stream = .torchBatch
      func whole(_ key: String, from low: Int) -> Int? {
        value(key, "a whole number from \(low) to 4096") { text in
          WrittenNumber.whole(text).flatMap { (low...4096).contains($0) ? $0 : nil }
        }
      }
      guard let size = whole("Batch size", from: 1), let position = whole("Batch pos", from: 0), position < size else {
        return note("its batch has no size or place, so the noise will be another")
      }
      job.batchPlace = BatchPlace(position: position, size: size)
      // Second seeds count on from the batch's first picture.
      job.variationSeed = job.variationSeed.map { $0 &- UInt64(position) }
    case let other: note("RNG \(other) is not known: the noise will be another")
    }
  }

  // MARK: - Schedules

  /// AUTOMATIC1111's samplers have a schedule of their own where none is named: before version 1.9 evenly spaced
  /// timesteps, since then ("Automatic") one for each sampler. Imago's have the model's.
  mutating func readSchedule() {
    job.schedule = parameters["Schedule type"]
    guard !isOwn, let name = job.sampler else { return }
    job.schedule = Self.schedule(written: job.schedule, sampler: name)
  }

  /// The schedule behind AUTOMATIC1111's names, which are those of a sampler and of what it calls "Schedule type".
  /// - Returns: nil for one that is in the sampler's name, or for the sampler's own.
  private static func schedule(written: String?, sampler: String) -> String? {
    guard let parsed = try? SamplerName.parse(sampler) else { return written }
    if let written {
      return (try? ScheduleName(parsing: written)) == .default ? parsed.sampler.automaticSchedule?.rawValue : written
    }
    guard parsed.schedule == nil, let automatic = parsed.sampler.automaticSchedule else { return nil }
    // Restart has had Karras' levels since it is there; the others' names said theirs.
    return parsed.sampler == .restart ? automatic.rawValue : ScheduleName.uniform.rawValue
  }

  // MARK: - Second passes

  mutating func readUpscaler() {
    guard let name = parameters["Hires upscaler"] else { return }
    let isLatent = name.hasPrefix("Latent")
    job.hiresUpscaler = isLatent ? .latent : .lanczos
    // Of these enlarging is the same.
    guard !["Latent", "Latent (antialiased)", "Lanczos", "None"].contains(name) else { return }
    note("Hires upscaler \(name) is not in this version: \(isLatent ? "Latent" : "Lanczos") takes its place")
  }

  /// Makes of the fields what AUTOMATIC1111's "hires fix", Forge's and Imago's mean by them.
  mutating func settleSecondPass() {
    if job.hiresResize != nil { job.hiresScale = nil }
    readFirstPass()
    if let name = parameters["Hires checkpoint"], name != "Use same checkpoint" {
      note("Hires checkpoint \(name) is not in this version: the second pass runs on the first one's model")
    }
    guard job.hiresScale != nil || job.hiresResize != nil else { return job.forgetHires() }
    if job.hiresSampler == "Use same sampler" { job.hiresSampler = nil }
    if job.hiresSchedule == "Use same scheduler" { job.hiresSchedule = nil }
    if !isOwn, job.hiresSampler != nil || job.hiresSchedule != nil, let name = job.hiresSampler ?? job.sampler {
      let written = job.hiresSchedule ?? parameters["Schedule type"]
      job.hiresSchedule = Self.schedule(written: written, sampler: name)
    }
    // Imago's own pictures say what they count where it is all.
    if !isOwn { job.hiresCounting = .all }
  }

  /// Before 2023 the size was the second pass's.
  private mutating func readFirstPass() {
    guard let first = value("First pass size", "WIDTHxHEIGHT", { GenerationParameters.sides($0) }),
      let width = job.width, let height = job.height
    else { return }
    (job.hiresResize, job.hiresScale) = (PixelSize(width: width, height: height), nil)
    let size = first.width > 0 && first.height > 0 ? first : Self.firstPass(width: width, height: height)
    (job.width, job.height) = (size.width, size.height)
  }

  /// The first pass for a second one of a size: about 512 × 512 pixels of its shape, in steps of 64 (AUTOMATIC1111,
  /// modules/processing.py, `old_hires_fix_first_pass_dimensions`).
  private static func firstPass(width: Int, height: Int) -> (width: Int, height: Int) {
    let scale = (Double(512 * 512) / (Double(width) * Double(height))).squareRoot()
    func rounded(_ side: Int) -> Int { min(Int((scale * Double(side) / 64).rounded(.up)) * 64, 8192) }
    return (rounded(width), rounded(height))
  }
}
