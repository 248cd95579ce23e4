import Diffusion
import Generation
import Images

extension Setting {
  /// What is drawn.
  static let words = [
    Setting(
      "prompt", \.prompt, .words, origin: .argument,
      infotext: .form(
        InfotextForm(keys: [], write: { _ in [] }, read: { $0.job.prompt = $0.parameters.prompt }))),
    Setting(
      "negative", \.negativePrompt, .words, aliases: ["n", "negative_prompt"],
      infotext: .form(
        InfotextForm(keys: [], write: { _ in [] }, read: { $0.job.negativePrompt = $0.parameters.negativePrompt }))),
  ]

  /// The run of the sampler.
  static let sampling = [
    Setting("steps", \.steps, .whole(1...100_000), aliases: ["s"], infotext: .field("Steps")),
    Setting(
      "sampler", \.sampler, .sampler, aliases: ["sampler_name", "ss"],
      infotext: .field("Sampler", write: SettingForm.samplerTitle, read: { $0 })),
    Setting(
      "schedule", \.schedule, .schedule, aliases: ["scheduler", "schedule_type"], belongsTo: [.given("sampler")],
      infotext: .form(
        InfotextForm(
          keys: ["Schedule type"],
          write: { job in job.schedule.map { [("Schedule type", SettingForm.scheduleTitle($0))] } ?? [] },
          read: { $0.readSchedule() }))),
    Setting("cfg", \.cfg, .single(.from(0)), aliases: ["l", "cfg_scale"], infotext: .field("CFG scale")),
    Setting(
      "seed", \.seedChoice, .seedChoice, aliases: ["d"],
      infotext: .form(
        InfotextForm(
          keys: ["Seed"], write: { job in job.seed.map { [("Seed", "\($0)")] } ?? [] }, read: { $0.readSeed() }))),
    Setting(
      "width", \.width, .side, aliases: ["w"],
      infotext: .form(
        InfotextForm(
          keys: ["Size"],
          write: { job in
            guard let width = job.width, let height = job.height else { return [] }
            return [("Size", "\(width)x\(height)")]
          },
          read: { reader in
            let size = reader.value("Size", "WIDTHxHEIGHT") { GenerationParameters.size($0) }
            (reader.job.width, reader.job.height) = (size?.width, size?.height)
          }))),
    // Written and read with the width.
    Setting(
      "height", \.height, .side, aliases: ["h"],
      infotext: .form(InfotextForm(keys: ["Size"], write: { _ in [] }, read: { _ in }))),
  ]

  /// A second seed.
  static let variation = [
    Setting(
      "variation-seed", \.variationSeed, .seed(isOptional: true), aliases: ["subseed"],
      infotext: .seed("Variation seed", \.variationSeed)),
    Setting(
      "variation-strength", \.variationStrength, .decimal(0...1), aliases: ["subseed_strength"],
      infotext: .field("Variation seed strength")),
  ]

  /// Where the noise comes from, and what else decides a step.
  static let noise = [
    Setting(
      "clip-skip", \.clipSkip, .whole(0...1000),
      // AUTOMATIC1111 counts the last layer as 1.
      infotext: .field(
        "Clip skip", write: { $0 > 0 ? "\($0 + 1)" : nil },
        read: { text in
          WrittenNumber.whole(text).flatMap { (0...1001).contains($0) ? max($0 - 1, 0) : nil }
        })),
    Setting(
      "rng", \.stream, .choice(),
      infotext: .form(
        InfotextForm(
          keys: ["RNG"], write: { job in job.stream.map { [("RNG", InfotextReader.name(of: $0))] } ?? [] },
          read: { $0.readStream() }))),
    Setting(
      "batch-place", \.batchPlace, .batchPlace, origin: .record,
      belongsTo: [.given("seed"), .given("count"), .given("rng")],
      infotext: .form(
        InfotextForm(
          keys: ["Batch size", "Batch pos"],
          write: { job in
            job.batchPlace.map { [("Batch size", "\($0.size)"), ("Batch pos", "\($0.position)")] } ?? []
          },
          // With the stream, without which it means nothing.
          read: { _ in }))),
    Setting("seamless", \.isSeamless, .flag, aliases: ["tiling"], infotext: .flag("Tiling")),
  ]

  /// Guidance and DDIM's noise.
  static let guidance = [
    Setting(
      "eta", \.eta, .decimal(0...1), infotext: .field("Eta", write: { $0 > 0 ? SettingText.short($0) : nil })),
    Setting(
      "guidance-rescale", \.guidanceRescale, .single(0...1),
      infotext: .field("CFG rescale", write: { $0 > 0 ? SettingText.short($0) : nil })),
    Setting("cfg-interval", \.cfgInterval, .interval, infotext: .field("CFG interval")),
  ]
}

extension InfotextRow where Value == Bool {
  /// A field that is there for what is so.
  static func flag(_ key: String, isOfEdits: Bool = false) -> InfotextRow {
    .field(key, isOfEdits: isOfEdits, write: { $0 ? "True" : nil }, read: { $0 == "True" })
  }
}

extension InfotextRow where Value == UInt64 {
  /// A seed; -1 and nothing stand for any.
  static func seed(
    _ key: String, _ field: WritableKeyPath<PictureJob, UInt64?> & Sendable,
    writes: @escaping @Sendable (PictureJob) -> Bool = { _ in true }
  ) -> InfotextRow {
    .form(
      InfotextForm(
        keys: [key],
        write: { job in writes(job) ? job[keyPath: field].map { [(key, "\($0)")] } ?? [] : [] },
        read: { $0.job[keyPath: field] = $0.seed(key) }))
  }
}

extension SettingForm where Value == String {
  /// A sampler in any program's spelling, with or without a schedule at its end.
  static let sampler = name(samples: ["heun", "DPM++ 2M Karras"], expects: "a sampler's name") { name in
    do {
      _ = try SamplerChoice(name)
      return nil
    } catch { return .told("\(error)") }
  }

  /// A schedule in any program's spelling.
  static let schedule = name(samples: ["karras", "beta"], expects: "a schedule's name") { name in
    do {
      _ = try ScheduleName(parsing: name)
      return nil
    } catch { return .told("\(error)") }
  }

  /// As AUTOMATIC1111 writes a sampler.
  static let samplerTitle: @Sendable (String) -> String = { (try? SamplerChoice($0).sampler.displayName) ?? $0 }
  /// As AUTOMATIC1111 writes a schedule.
  static let scheduleTitle: @Sendable (String) -> String = { (try? ScheduleName(parsing: $0).displayName) ?? $0 }
}

extension SettingForm where Value == Int {
  /// A side of a picture; what more the model asks of it is the request's to check.
  static let side = whole(GenerationRequest.leastMultiple...GenerationRequest.longestSide, " pixels")
}

extension SettingForm where Value == NoiseInterval {
  /// Two noise levels, the lower one first.
  static let interval = text(
    expects: "two noise levels A,B with 0 <= A < B, such as 0.3,6", samples: ["0,1.5", "0.28,2.9"],
    read: { text in
      let ends = text.split(separator: ",", omittingEmptySubsequences: false).map { WrittenNumber.decimal($0) }
      guard ends.count == 2, let low = ends[0], let high = ends[1], 0 <= low, low < high else { return nil }
      return NoiseInterval(low, high)
    }, write: { "\(SettingText.short($0.low)),\(SettingText.short($0.high))" })
}

extension SettingForm where Value == BatchPlace {
  static let batchPlace = text(
    expects: "PLACE/SIZE, such as 0/4", samples: ["0/3", "1/2"],
    read: { text in
      let numbers = text.split(separator: "/", omittingEmptySubsequences: false).map { WrittenNumber.whole($0) }
      guard numbers.count == 2, let position = numbers[0], let size = numbers[1], (0..<size).contains(position),
        size <= 4096
      else { return nil }
      return BatchPlace(position: position, size: size)
    }, write: { "\($0.position)/\($0.size)" })
}
