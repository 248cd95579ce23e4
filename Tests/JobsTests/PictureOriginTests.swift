import Conditioning
import Diffusion
import Foundation
import Generation
import Images
import Jobs
import Testing

@Suite struct PictureOriginTests {
  private func origin(_ text: String) throws -> PictureOrigin {
    try PictureOrigin(GenerationParameters(parsing: text), path: "p.png", locator: nil)
  }

  /// Settings of every kind, the numbers with many digits.
  private static let jobs: [@Sendable (inout PictureJob) -> Void] = [
    { _ in },
    {
      ($0.negativePrompt, $0.cfg, $0.guidanceRescale, $0.eta) = ("blurry: yes, \"very\"", 3.3333333, 0.123456789, 0.1)
    },
    { ($0.sampler, $0.schedule, $0.stream) = ("dpmpp-2m", "karras", .nv) },
    { ($0.sampler, $0.clipSkip, $0.isSeamless, $0.seed) = ("euler-a", 1, true, .max - 5) },
    { ($0.variationSeed, $0.variationStrength) = (77, 0.30000000000000004) },
    { ($0.hiresScale, $0.hiresSteps, $0.hiresDenoise, $0.hiresUpscaler) = (1.5, 3, 0.65, .lanczos) },
    {
      ($0.hiresResize, $0.hiresSteps, $0.hiresCounting, $0.hiresDenoise) = (
        PixelSize(width: 96, height: 72), 3, .all, 0.5
      )
      ($0.hiresSampler, $0.hiresSchedule, $0.hiresCFG) = ("euler-a", "karras", 3.5)
      ($0.hiresPrompt, $0.hiresNegativePrompt) = ("a dog, running", "cat: no")
    },
    { ($0.stream, $0.count, $0.sampler) = (.torchBatch, 2, "ddpm") },
    { ($0.stream, $0.count, $0.variationStrength) = (.torchBatch, 3, 0.25) },
    { ($0.prompt, $0.emphasis) = ("a (cat:1.3)", .noNorm) },
    { ($0.prompt, $0.emphasis, $0.usesAverage) = ("a [cat|dog]", Emphasis.none, true) },
    { $0.predictionType = .velocity },
    { $0.prompt = "two\nlines, Steps: 3, \"q\" 日本" },
  ]

  @Test(arguments: jobs.indices, ["png", "jpg"])
  func makesTheSameFileAgain(index: Int, ending: String) throws {
    let tiny = try TinyPipeline()
    let job = PictureJob.job("a cat on the moon") {
      $0.seed = 42
      Self.jobs[index](&$0)
    }
    // Of several pictures the last.
    let made = try tiny.run([JobLine(job)], output: "first.\(ending)").made
    let first = tiny.file(try #require(made.last))
    let origin = try PictureOrigin(first, locator: nil)
    #expect(origin.notes.isEmpty, "\(origin.notes)")
    let again = try tiny.run([JobLine(PictureJob())], below: origin.job, output: "again.\(ending)")
    #expect(again.made == ["again.\(ending)"] && again.notes.isEmpty)
    #expect(try Data(contentsOf: first) == Data(contentsOf: tiny.file("again.\(ending)")))
  }

  @Test func flagsOverrideAPicture() throws {
    let tiny = try TinyPipeline()
    try tiny.run([JobLine(.job("a cat") { $0.seed = 1 })], output: "a.png")
    var flags = PictureJob()
    flags.seed = 2
    try tiny.run(
      [JobLine(PictureJob())], below: try PictureOrigin(tiny.file("a.png"), locator: nil).job, above: flags,
      output: "b.png")
    let text = try #require(try ImageFile.parameters(of: tiny.file("b.png")))
    #expect(text.contains("Seed: 2,") && text.hasPrefix("a cat\n"))
  }

  @Test func automatic1111() throws {
    let origin = try origin(
      """
      a cat on the moon
      Negative prompt: bad
      Steps: 20, Sampler: DPM++ 2M Karras, CFG scale: 7, Seed: 12, Size: 512x768, Model hash: 6ce0161689, \
      Model: v1-5-pruned-emaonly, Clip skip: 2, ENSD: 31337, Version: v1.7.0
      """)
    let expected = PictureJob.job("a cat on the moon") {
      ($0.negativePrompt, $0.steps, $0.sampler, $0.cfg, $0.seed) = ("bad", 20, "DPM++ 2M Karras", 7, 12)
      ($0.width, $0.height, $0.modelHash, $0.clipSkip, $0.stream) = (512, 768, "6ce0161689", 1, .nv)
    }
    #expect(origin.job == expected && origin.modelName == "v1-5-pruned-emaonly")
    #expect(origin.notes.contains { $0.contains("ENSD 31337") }, "what cannot be had is said")
  }

  @Test(arguments: [
    ("Sampler: Euler", "uniform"), ("Sampler: DPM++ 2M, Schedule type: Automatic", "karras"),
    ("Sampler: DPM++ 2M, Schedule type: SGM Uniform", "SGM Uniform"), ("Sampler: DPM++ 2M Karras", nil),
    ("Sampler: DDIM", nil), ("Sampler: Restart", "karras"), ("Sampler: Restart, Schedule type: Automatic", "karras"),
    ("Sampler: Restart, Schedule type: Exponential", "Exponential"), ("Sampler: DPM++ 2M", "uniform"),
    ("Sampler: DPM++ 3M SDE, Schedule type: Automatic", "exponential"), ("Sampler: UniPC", nil),
    ("Sampler: Heun, Schedule type: Automatic", "uniform"), ("Sampler: DPM2 a Karras", nil),
  ])
  func schedules(fields: String, schedule: String?) throws {
    #expect(try origin("a\nSteps: 2, \(fields), Seed: 1, Size: 64x64, Version: v1.9.0").job.schedule == schedule)
  }

  @Test(
    arguments: [("No norm", Emphasis.noNorm), ("Ignore", .ignore), ("Original", .original), ("ComfyUI", .comfy)])
  func emphasis(name: String, rule: Emphasis) throws {
    let origin = try origin("a\nSteps: 2, Sampler: Euler, Seed: 1, Emphasis: \(name)")
    #expect(origin.job.emphasis == rule && origin.notes.isEmpty)
  }

  @Test(arguments: [("CPU", RandomStream.torch), ("NV", .nv), ("GPU", .nv)])
  func noise(name: String, stream: RandomStream) throws {
    #expect(try origin("a\nSteps: 2, Sampler: Euler, Seed: 1, RNG: \(name)").job.stream == stream)
  }

  @Test(arguments: [
    "Denoising strength: 0.6", "Hires upscale: 2, Hires upscaler: 4x-UltraSharp", "Face restoration: CodeFormer",
    "VAE: vae-ft-mse", "RNG: dice",
  ])
  func whatCannotBeHadIsSaid(fields: String) throws {
    let notes = try origin("a\nSteps: 2, Sampler: Euler, Seed: 1, \(fields)").notes
    #expect(notes.count == 1 && !notes[0].contains("\n"), "\(notes)")
  }

  /// Fields of second passes: what another program's says is meant as it means it.
  @Test func secondPass() throws {
    let text = "a\nSteps: 4, Sampler: DPM++ 2M Karras, Seed: 1, Size: 64x64, Denoising strength: 0.5, Hires "
    let scaled = try origin(text + "upscale: 2, Hires steps: 10, Hires upscaler: Latent, Version: v1.6.0")
    #expect(scaled.job.hiresScale == 2 && scaled.job.hiresSteps == 10 && scaled.job.hiresCounting == .all)
    #expect(scaled.job.hiresDenoise == 0.5 && scaled.notes.count == 1, "\(scaled.notes)")
    let sized = try origin(
      text + "resize: 96x0, Hires sampler: Euler, Hires prompt: \"b, c\", Hires CFG Scale: 2, Hires checkpoint: x")
    #expect(sized.job.hiresResize == PixelSize(width: 96, height: 0) && sized.job.hiresScale == nil)
    #expect(sized.job.hiresSampler == "Euler" && sized.job.hiresSchedule == "uniform" && sized.job.hiresCFG == 2)
    #expect(sized.job.hiresPrompt == "b, c" && sized.notes.count == 1 && sized.notes[0].contains("Hires checkpoint x"))
    let old = try origin(
      "a\nSteps: 4, Sampler: Euler, Seed: 1, Size: 1024x768, Denoising strength: 0.7, First pass size: 0x0")
    #expect(old.job.width == 640 && old.job.height == 448 && old.job.hiresResize == PixelSize(width: 1024, height: 768))
    let own = try origin(
      "a\nSteps: 4, Sampler: Euler, Seed: 1, Denoising strength: 0.5, Hires upscale: 2, Version: imago")
    #expect(own.job.hiresCounting == nil, "Imago's flags count a share")
  }

  /// Its pictures from pictures do one step more than the share.
  @Test func stepsOfAnotherProgramsEdits() throws {
    let text = "a\nSteps: 20, Sampler: Euler, Seed: 1, Size: 64x64, Denoising strength: 0.75"
    let found = try PictureOrigin(GenerationParameters(parsing: text), path: "p.png", locator: nil, editing: true)
    #expect(found.job.edit.counting == .shareAndOne && found.job.edit.strength == 0.75)
    let own = try PictureOrigin(
      GenerationParameters(parsing: text + ", Version: imago"), path: "p.png", locator: nil, editing: true)
    #expect(own.job.edit.counting == nil)
  }

  @Test(arguments: [
    "Steps: 20.0, Size: 512X768", "Steps: 2e1, Size: 512 x 768", "Steps: +20, Size: 512×768",
    "Steps:  20 , Size: 512.0x768",
  ])
  func numbersAsPeopleWriteThem(fields: String) throws {
    let found = try origin("Negative prompt: b\n\(fields), Sampler: Euler, CFG scale: 7, Seed: -1")
    #expect(found.job.steps == 20 && found.job.width == 512 && found.job.height == 768 && found.job.cfg == 7)
    #expect(found.job.prompt == "" && found.job.negativePrompt == "b")
    #expect(found.job.seed == nil && found.job.drawsSeed == true)
  }

  @Test func whatIsWrongWithANumberIsSaid() throws {
    let found = try origin("a\nSteps: 20.5, Sampler: Euler, Seed: 1")
    #expect(found.job.steps == nil && found.job.sampler == "Euler")
    #expect(
      found.notes == [
        "its field \"Steps: 20.5\" cannot be read and is left out: a whole number from 1 to 100000 is expected"
      ])
  }

  @Test func wordsAloneAreRefused() throws {
    #expect(throws: JobError.self) { try self.origin("only words") }
  }

  /// What can be read is, what cannot is said.
  @Test(arguments: [
    "Steps: x, Sampler: Euler, CFG scale: 3", "Steps: 4, Sampler: Euler, CFG scale: 3, Seed: -4",
    "Steps: 4, Sampler: Euler, CFG scale: 3, Size: wide", "Steps: 4, Sampler: Euler, CFG scale: 3, Mask blur: soft",
    "Steps: 4, Sampler: Euler, CFG scale: 3, Extra: \"one\ntwo, three\"",
    "Steps: 4, Sampler: Euler, CFG scale: 3\nand more words",
  ])
  func malformedFields(fields: String) throws {
    let parameters = GenerationParameters(parsing: "a cat\nNegative prompt: dog\n\(fields)")
    let origin = try PictureOrigin(parameters, path: "p.png", locator: nil, editing: true)
    #expect(origin.job.prompt == "a cat" && origin.job.negativePrompt == "dog")
    #expect(origin.job.cfg == 3 && origin.job.sampler == "Euler")
    #expect(origin.notes.count == 1 && !origin.notes[0].contains("\n"), "\(origin.notes)")
  }
}
