import Foundation

/// Settings given by name and text: a line of a prompt file, or JSON.
struct NamedValues {
  var job = PictureJob()
  private var seeds: [UInt64] = []
  private var batchSize: Int?
  private var rounds: Int?

  /// The jobs they describe: one for each seed if several are named.
  var jobs: [PictureJob] {
    var job = job
    // Both are at most 100,000.
    if batchSize != nil || rounds != nil { job.count = (batchSize ?? 1) * (rounds ?? 1) }
    guard seeds.count > 1 else { return [job] }
    return seeds.map { seed in
      job.seed = seed
      return job
    }
  }

  /// Throws if batch size and number of batches come to more pictures than a job may have.
  func checkCount() throws(SettingProblem) {
    let (size, rounds) = (batchSize ?? 1, rounds ?? 1)
    guard size * rounds <= PictureJob.countLimit else {
      throw .told("\(rounds) batches of \(size) are \(size * rounds) pictures, at most \(PictureJob.countLimit)")
    }
  }

  /// Names of AUTOMATIC1111's and kohya's that mean nothing here: what is written besides the picture.
  private static let idle: Set<String> = ["do_not_save_grid", "do_not_save_samples", "prompt_for_display"]
  /// Names of theirs that this version has no code for.
  private static let missing: Set<String> = [
    "sampler_index", "outpath_samples", "outpath_grids", "seed_resize_from_h", "seed_resize_from_w", "g", "nl", "am",
    "ow", "oh", "ct", "cl", "n_iter_seed",
  ]

  /// Sets the value of a name: AUTOMATIC1111's, kohya's or our own.
  /// - Parameters:
  ///   - isValue: see `Setting.set`.
  ///   - takes: whose settings may be set; a line has none of a run or of a record.
  /// - Throws: what is wrong, without the name.
  mutating func set(
    _ name: String, _ value: String, isValue: Bool = false, takes: (Setting.Origin) -> Bool
  ) throws(SettingProblem) {
    let key = Setting.key(name)
    do {
      switch key {
      case "batch_size": batchSize = try Self.count.read(value)
      case "n_iter": rounds = try Self.count.read(value)
      case "restore_faces":
        if try SettingForm.flag.read(value) == true { throw SettingProblem.unknown("not in this version") }
      case _ where Self.idle.contains(key): break
      case _ where Self.missing.contains(key): throw SettingProblem.unknown("not in this version")
      default:
        guard let (setting, alias) = Setting.named(key), takes(setting.origin) else {
          throw SettingProblem.unknown(nil)
        }
        if setting.name == "seed" { return try setSeeds(setting, value) }
        for part in alias.isList ? Self.parts(value) : [value] {
          try setting.set(try alias.translate(part), in: &job, isValue: isValue)
        }
      }
    } catch { throw SettingProblem(error) }
  }

  private static let count = SettingForm.whole(1...100_000)

  private static func parts(_ list: String) -> [String] {
    list.split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) }.filter { !$0.isEmpty }
  }

  /// kohya's lines may name several, each of which is a picture; AUTOMATIC1111 and kohya draw one for -1.
  private mutating func setSeeds(_ setting: Setting, _ value: String) throws {
    let parts = Self.parts(value)
    seeds = []
    job.seedChoice = nil
    for part in parts.isEmpty ? [value] : parts {
      try setting.set(part, in: &job)
      if let seed = job.seed { seeds.append(seed) }
    }
    if let first = seeds.first { job.seedChoice = .given(first) }
  }
}
