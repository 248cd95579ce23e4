import Diffusion
import Generation
import Jobs
import PromptLanguage
import Testing

@Suite struct PictureJobTests {
  @Test func upperLayersWin() {
    let job = PictureJob.layered([
      .job("low") { ($0.steps, $0.cfg, $0.sampler, $0.schedule) = (10, 5, "euler", "karras") },
      .job("high") { ($0.cfg, $0.seed) = (7, 3) },
    ])
    #expect(job.prompt == "high" && job.steps == 10 && job.cfg == 7 && job.seed == 3)
    #expect(job.sampler == "euler" && job.schedule == "karras")
  }

  @Test func anotherSamplerForgetsTheScheduleBelow() {
    let low = PictureJob.job("a") { ($0.sampler, $0.schedule) = ("euler", "karras") }
    var flags = PictureJob()
    flags.sampler = "ddim"
    #expect(low.overlaid(by: flags).schedule == nil)
    flags.schedule = "trailing"
    #expect(low.overlaid(by: flags).schedule == "trailing")
  }

  @Test func everythingReachesTheRequest() throws {
    let tiny = try TinyPipeline()
    let job = PictureJob.job("a cat") {
      ($0.negativePrompt, $0.steps, $0.cfg, $0.guidanceRescale, $0.eta) = ("dog", 3, 2, 0.5, 0.25)
      ($0.sampler, $0.stream, $0.width, $0.height, $0.clipSkip) = ("DPM++ 2M Karras", .nv, 64, 128, 1)
      ($0.variationSeed, $0.variationStrength, $0.isSeamless) = (9, 0.5, true)
      ($0.hiresScale, $0.hiresSteps, $0.hiresDenoise, $0.hiresUpscaler) = (2, 4, 0.6, .lanczos)
    }
    let request = try job.request(tiny.loaded.components, seeds: [5, 6])
    #expect(request.prompts == ["a cat", "a cat"] && request.negativePrompt == "dog" && request.seeds == [5, 6])
    #expect(request.steps == 3 && request.guidance == Guidance(scale: 2, rescale: 0.5) && request.eta == 0.25)
    #expect(request.sampler == .dpmpp2M && request.schedule == .karras && request.stream == .nv)
    #expect(request.width == 64 && request.height == 128 && request.clipSkip == 1 && request.isSeamless)
    #expect(request.variations == [SeedVariation(seed: 9, strength: 0.5), SeedVariation(seed: 10, strength: 0.5)])
    #expect(request.hires == HiresFix(scale: 2, steps: 4, denoise: 0.6, upscaler: .lanczos))
  }

  @Test func whatIsNotThereIsSaid() throws {
    let tiny = try TinyPipeline()
    for job in [
      PictureJob.job("a") { $0.sampler = "nonsense" }, .job("a") { $0.variationSeed = 1 },
      .job("a") { $0.hiresSteps = 1 },
      .job("a <hypernet:x:0.5>"), .job("a") { $0.width = 65 }, .job("a") { $0.clipSkip = .max },
      .job(String(repeating: "a AND ", count: 70)), .job(String(repeating: "a", count: 100_001)),
      .job(String(repeating: "[a:", count: 300)), .job("a") { $0.hiresPrompt = "b" },
      .job("a") { ($0.hiresScale, $0.hiresPrompt) = (2, "<lora:x:1>") },
    ] {
      #expect(throws: (any Error).self) { try job.request(tiny.loaded.components, seeds: [1]) }
    }
  }

  @Test(arguments: [
    (65, "`width` 65: must be a multiple of 8; try 64"), (100_000, "`width` 100000: must be 8 to 8192 pixels"),
    (0, "`width` 0: must be 8 to 8192 pixels"), (-8, "`width` -8: must be 8 to 8192 pixels"),
    (8191, "`width` 8191: must be a multiple of 8; try 8192"),
  ])
  func sizesAreRefusedForWhatTheyAre(width: Int, message: String) throws {
    let tiny = try TinyPipeline()
    let error = try #require(throws: (any Error).self) {
      try PictureJob.job("a") { $0.width = width }.request(tiny.loaded.components, seeds: [1])
    }
    #expect("\(error)" == message)
  }

  @Test func noPromptIsDrawn() throws {
    let tiny = try TinyPipeline()
    for job in [PictureJob(), .job(""), .job(" \n")] {
      #expect(try job.request(tiny.loaded.components, seeds: [1]).prompts.count == 1)
    }
    #expect(try tiny.run([JobLine(PictureJob())], output: "a.png").made == ["a.png"])
  }

  @Test func theLastWordOnTheSeed() {
    let low = PictureJob.job("a") { $0.seed = 5 }
    let draws = PictureJob.job("a") { $0.drawsSeed = true }
    #expect(low.overlaid(by: draws).seed == nil && draws.overlaid(by: low).drawsSeed == nil)
    #expect(draws.overlaid(by: low).seed == 5)
  }

  @Test func countsAreBounded() throws {
    let tiny = try TinyPipeline()
    let lines = PromptFile(
      text: "--prompt a --batch_size 100000 --n_iter 100000\na --count 100001\na cat", path: "p.txt")
    #expect(lines.errors.count == 2)
    let run = try tiny.run(lines.lines.map { JobLine(number: $0.number, $0.job) }, output: "o/", keepsManifest: true)
    #expect(run.made.count == 1 && run.failures.isEmpty)
  }

  /// Adapters belong to the model that is loaded: jobs with others share nothing with these.
  @Test func adaptersDecideTheModel() throws {
    let plain = ModelChoice(.job("a"))
    let flagged = ModelChoice(.job("a") { $0.loras = ["x.safetensors:0.5"] })
    let tagged = ModelChoice(.job("a <lora:x:0.5>"))
    #expect(plain != flagged && plain != tagged && flagged != tagged)
    #expect(plain == ModelChoice(.job("another prompt")))
    #expect(tagged.tags == [PromptTag(kind: "lora", arguments: ["x", "0.5"])])
  }
}
