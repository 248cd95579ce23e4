import Diffusion
import Foundation
import Generation
import Images
import Jobs

/// A request of `txt2img` or `img2img` as a job, and how it is to be answered.
struct WebUIPicture: Sendable {
  var asked: JobDesk.Asked
  /// Whether pictures are part of the answer, and go to the gallery.
  private(set) var sends = true
  private(set) var saves = false
  private(set) var batchSize = 1
  /// What the answer repeats.
  var echo: [String: JSONValue]
  /// Options that are to stay after the request.
  private(set) var kept: WebUISettings?

  /// - Parameters:
  ///   - isImage: whether it is made from a picture.
  ///   - options: the server's.
  init(_ sent: WebUIFields, isImage: Bool, options: WebUISettings, _ files: ServedFiles) throws {
    var fields = sent
    var settings = options
    try settings.set(try fields.object("override_settings"), files, place: "override_settings: ")
    if try fields.flag("override_settings_restore_afterwards") == false { kept = settings }
    var job = PictureJob()
    settings.apply(to: &job)
    // The model's own autoencoder is nothing to be named.
    asked = JobDesk.Asked(settings: job)
    echo = sent.all
    try Self.refuseScripts(&fields)
    try readCommon(&fields, &job)
    if isImage { try readEdit(&fields, &job) } else { try readSecondPass(&fields, &job) }
    try fields.finish()
    asked.settings = job
  }

  /// The scripts that are asked for, of which there are none.
  private static func refuseScripts(_ fields: inout WebUIFields) throws(APIError) {
    if let name = try fields.text("script_name"), !name.isEmpty {
      throw APIError(.unprocessableContent, "Script '\(name.prefix(80))' not found")
    }
    fields.ignore("script_args")
    if let name = try fields.object("alwayson_scripts").keys.sorted().first {
      throw APIError(.unprocessableContent, "always on script \(name.prefix(80)) not found")
    }
  }

  private mutating func readCommon(_ fields: inout WebUIFields, _ job: inout PictureJob) throws(APIError) {
    job.prompt = try fields.text("prompt") ?? ""
    if let negative = try fields.text("negative_prompt"), !negative.isEmpty { job.negativePrompt = negative }
    if let styles = try fields.texts("styles"), !styles.isEmpty { job.styles = styles }
    job.seed = try fields.seed("seed")
    let strength = try fields.number("subseed_strength") ?? 0
    let variation = try fields.seed("subseed")
    if strength != 0 { (job.variationStrength, job.variationSeed) = (strength, variation) }
    job.steps = try fields.whole("steps")
    job.cfg = try fields.number("cfg_scale").map { Float($0) }
    (job.width, job.height) = (try fields.whole("width"), try fields.whole("height"))
    batchSize = try Self.count(&fields, "batch_size")
    job.count = batchSize * (try Self.count(&fields, "n_iter"))
    if try fields.flag("tiling") == true { job.isSeamless = true }
    try Self.readSampler(&fields, &job)
    sends = try fields.flag("send_images") ?? true
    saves = try fields.flag("save_images") ?? false
    // What is written besides, and what is only a name.
    fields.ignore("do_not_save_samples", "do_not_save_grid", "force_task_id", "comments", "token_merging_ratio_hr")
    try fields.only("seed_resize_from_h", [0, -1])
    try fields.only("seed_resize_from_w", [0, -1])
    for (name, value) in [("s_churn", 0.0), ("s_tmin", 0), ("s_noise", 1), ("s_min_uncond", 0)] {
      try fields.only(name, [value])
    }
    // Without churn it bounds nothing.
    fields.ignore("s_tmax")
    try fields.only("refiner_switch_at", [0, 1, 0.8])
  }

  private static func count(_ fields: inout WebUIFields, _ name: String) throws(APIError) -> Int {
    let count = try fields.whole(name) ?? 1
    guard (1...1000).contains(count) else { throw fields.refusal(name, "must be 1 to 1000") }
    return count
  }

  /// The sampler, and the schedule that AUTOMATIC1111 has for it.
  private static func readSampler(_ fields: inout WebUIFields, _ job: inout PictureJob) throws(APIError) {
    let (name, index) = (try fields.text("sampler_name"), try fields.text("sampler_index"))
    let eta = try fields.number("eta")
    let schedule = try fields.text("scheduler").flatMap { $0.isEmpty ? nil : $0 }
    guard let name = [name, index].compactMap({ $0 }).first(where: { !$0.isEmpty }) else {
      if let schedule, !isAutomatic(schedule) { job.schedule = schedule }
      return
    }
    guard let parsed = try? SamplerName.parse(name) else { throw APIError(.notFound, "Sampler not found") }
    job.sampler = parsed.sampler.rawValue
    job.schedule = try Self.schedule(schedule, parsed.schedule, of: parsed.sampler)
    guard let eta else { return }
    if parsed.sampler.takesEta {
      job.eta = eta
    } else if parsed.sampler.isStochastic, eta != 1 {
      throw fields.refusal("eta", "other than 1 is not in this version for \(name)")
    }
  }

  /// - Parameters:
  ///   - written: as the request has it.
  ///   - ending: of the sampler's name.
  static func schedule(
    _ written: String?, _ ending: ScheduleName?, of sampler: SamplerName
  ) throws(APIError) -> String? {
    guard let written, !isAutomatic(written) else { return (ending ?? sampler.automaticSchedule)?.rawValue }
    do { return try ScheduleName(parsing: written).rawValue } catch {
      throw APIError(.unprocessableContent, "\(error)", setting: "scheduler")
    }
  }

  private static func isAutomatic(_ schedule: String) -> Bool { schedule.lowercased() == "automatic" }
}
