import Diffusion
import Generation
import Images

extension Setting {
  /// How much a second pass changes, under the name it shares with edits.
  static let secondPassStrength = [
    Setting("hires-denoise", \.hiresDenoise, .decimal(0...1), infotext: .field("Denoising strength"))
  ]

  /// The second pass at a larger size.
  static let secondPass = [
    Setting("hires-prompt", \.hiresPrompt, .words, aliases: ["hr_prompt"], infotext: .field("Hires prompt")),
    Setting(
      "hires-negative", \.hiresNegativePrompt, .words, aliases: ["hr_negative_prompt"],
      infotext: .field("Hires negative prompt")),
    Setting(
      "hires-resize", \.hiresResize, .sides, belongsTo: [.given("hires-scale")],
      infotext: .field("Hires resize", read: { SettingForm.pixelSize($0) })),
    Setting(
      "hires-scale", \.hiresScale, .decimal(.from(1)), aliases: ["hr_scale"], belongsTo: [.given("hires-resize")],
      infotext: .field("Hires upscale")),
    Setting(
      "hires-steps", \.hiresSteps, .whole(1...1000), aliases: ["hr_second_pass_steps"],
      infotext: .form(
        InfotextForm(
          keys: ["Hires steps"], write: { job in job.hiresSteps.map { [("Hires steps", "\($0)")] } ?? [] },
          read: { reader in
            // AUTOMATIC1111 writes 0, or nothing, for the first pass's number.
            let steps = reader.value("Hires steps", "a whole number from 0 to 100000") { text in
              WrittenNumber.whole(text).flatMap { (0...100_000).contains($0) ? $0 : nil }
            }
            reader.job.hiresSteps = steps == 0 ? nil : steps
          }))),
    Setting(
      "hires-upscaler", \.hiresUpscaler, .choice(), aliases: ["hr_upscaler"],
      infotext: .form(
        InfotextForm(
          keys: ["Hires upscaler"],
          write: { job in
            job.hiresUpscaler.map { [("Hires upscaler", $0 == .latent ? "Latent" : "Lanczos")] } ?? []
          },
          read: { $0.readUpscaler() }))),
    Setting(
      "hires-sampler", \.hiresSampler, .sampler, aliases: ["hr_sampler_name"],
      infotext: .field(
        "Hires sampler", write: SettingForm.samplerTitle, read: { $0 })),
    Setting(
      "hires-schedule", \.hiresSchedule, .schedule, aliases: ["hr_scheduler"], belongsTo: [.given("hires-sampler")],
      infotext: .field("Hires schedule type", write: SettingForm.scheduleTitle, read: { $0 })),
    Setting("hires-cfg", \.hiresCFG, .single(.from(0)), aliases: ["hr_cfg"], infotext: .field("Hires CFG Scale")),
    Setting(
      "hires-counting", \.hiresCounting, .choice { StepCounting(rawValue: $0) }, origin: .record,
      belongsTo: [.given("hires-steps")],
      infotext: .field("Hires step counting", write: { $0 == .share ? nil : $0.rawValue })),
  ]

  /// A second prompt, or the way to a second seed.
  static let strips = [
    Setting(
      "to-share", \.blendShare, .decimal(0...1),
      infotext: .form(
        InfotextForm(
          keys: ["Blend prompt", "Blend share"],
          write: { job in
            guard let prompt = job.toPrompt, let share = job.blendShare else { return [] }
            return [("Blend prompt", prompt), ("Blend share", "\(share)")]
          },
          read: { reader in
            reader.job.toPrompt = reader.parameters["Blend prompt"]
            reader.job.blendShare = reader.value("Blend share", "a number") { WrittenNumber.decimal($0) }
          }))),
    Setting("frames", \.frames, .whole(2...1000), infotext: .field("Frames")),
    Setting(
      "to-prompt", \.toPrompt, .name(samples: ["a dog", "a hat"], expects: "a text"),
      infotext: .form(
        InfotextForm(
          keys: ["To prompt"],
          // Of one picture it stands beside its share.
          write: { job in job.frames == nil ? [] : job.toPrompt.map { [("To prompt", $0)] } ?? [] },
          read: { $0.job.toPrompt = $0.job.toPrompt ?? $0.parameters["To prompt"] }))),
    Setting("to-seed", \.toSeed, .seed(), infotext: .seed("To seed", \.toSeed, writes: { $0.frames != nil })),
  ]
}

extension SettingForm where Value == PixelSize {
  static let sides = text(
    expects: "WIDTHxHEIGHT in pixels, such as 1024x768", samples: ["96x0", "128x64"], read: { pixelSize($0) },
    write: { "\($0.width)x\($0.height)" })

  /// `WIDTHxHEIGHT`, 0 for a side that follows the other.
  static let pixelSize: @Sendable (String) -> PixelSize? = { text in
    guard let sides = GenerationParameters.sides(text), sides.width + sides.height > 0 else { return nil }
    return PixelSize(width: sides.width, height: sides.height)
  }
}
