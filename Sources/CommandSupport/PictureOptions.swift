import ArgumentParser
import Diffusion
import Foundation
import Generation
import Jobs

/// The flags that say what a picture is made of: what txt2img and img2img share.
public struct PictureOptions: ParsableArguments {
  @Option(
    help: "A diffusers folder, a checkpoint file, or a name that imago models lists (the bundled model).",
    completion: .file())
  public var model: String?
  @OptionGroup public var files: ModelFileOptions
  @Option(help: "An adapter, PATH or PATH:WEIGHT; again for more.", completion: .file()) public var lora: [String] = []
  @Flag(
    help: "Computes adapters beside the weights instead of adding them in: a little slower, weights stay as they are.")
  public var factored = false
  @Option(help: "A textual inversion's file; again for more.", completion: .file()) public var embedding: [String] = []
  @Option(help: "What the picture must not show.") public var negative: String?
  @OptionGroup public var prompts: PromptOptions
  @OptionGroup public var strip: StripOptions
  @Option(
    parsing: .unconditional, help: "Sampler steps (the pipeline's).", transform: whole)
  public var steps: Int?
  @Option(
    parsing: .unconditional, help: "Guidance scale; 1 is off (the pipeline's).", transform: single)
  public var cfg: Float?
  @Option(
    parsing: .unconditional,
    help: "Guidance only at noise levels sigma above A and up to B, A,B; elsewhere it is off, and costs no time.",
    transform: setting("cfg-interval", \.cfgInterval))
  public var cfgInterval: NoiseInterval?
  @Option(
    parsing: .unconditional, help: "Rescaling of guidance, 0 to 1 (the pipeline's).", transform: single)
  public var guidanceRescale: Float?
  @Option(
    parsing: .unconditional, help: "DDIM's noise, 0 to 1 (the pipeline's).", transform: decimal)
  public var eta: Double?
  @Option(help: "ddim, euler-a, dpmpp-2m, ... in any program's spelling (the model's).") public var sampler: String?
  @Option(
    help: "Noise levels: default, karras, exponential, sgm-uniform, simple, beta, ays, trailing, leading, linspace.")
  public var schedule: String?
  @Option(
    parsing: .unconditional, help: "Picture i has seed N + i; -1 draws one (random, reported).", transform: seedOption)
  public var seed: SeedChoice?
  @Option(help: "Whose noise: torch, torch-batch or nv (torch).", transform: named) public var rng: RandomStream?
  @Option(
    parsing: .unconditional, help: "Pixels, a multiple of 8, at most 8192 (the model's).", transform: whole)
  public var width: Int?
  @Option(
    parsing: .unconditional, help: "Pixels, a multiple of 8, at most 8192 (the model's).", transform: whole)
  public var height: Int?
  @Option(
    parsing: .unconditional, help: "Pictures in all (1).", transform: whole)
  public var count: Int?
  @Option(
    parsing: .unconditional, help: "Layers of the text encoder to skip, as diffusers counts (0).", transform: whole)
  public var clipSkip: Int?
  @Option(
    parsing: .unconditional, help: "A second seed whose noise is mixed into the first's; -1 for the first's neighbour.",
    transform: seedOption)
  public var variationSeed: SeedChoice?
  @Option(
    parsing: .unconditional, help: "How much of the second seed's noise, 0 to 1.", transform: decimal)
  public var variationStrength: Double?
  @Flag(name: [.long, .customLong("tiling")], help: "Pictures that fit together without seams.")
  public var seamless = false
  @OptionGroup public var hires: HiresOptions
  @OptionGroup public var guides: GuideOptions

  public init() {}

  public func validate() throws {
    try wrongUsage { try job.checkValues() }
  }

  /// The layer of the flags.
  public var job: PictureJob {
    var job = PictureJob()
    job.negativePrompt = negative
    (job.model, job.vae, job.tokenizer) = (model, files.vae, files.tokenizer)
    (job.predictionType, job.usesAverage) = (files.prediction, files.ema ? true : nil)
    job.variant = files.form.variant
    prompts.fill(&job)
    strip.fill(&job)
    job.loras = lora.isEmpty ? nil : lora
    job.isFactored = factored ? true : nil
    job.embeddings = embedding.isEmpty ? nil : embedding
    (job.steps, job.cfg, job.guidanceRescale, job.eta) = (steps, cfg, guidanceRescale, eta)
    job.cfgInterval = cfgInterval
    (job.sampler, job.schedule) = (sampler, schedule)
    (job.seed, job.drawsSeed, job.stream) = (seed?.value, seed == .drawn ? true : nil, rng)
    (job.width, job.height, job.count, job.clipSkip) = (width, height, count, clipSkip)
    (job.variationSeed, job.variationStrength) = (variationSeed?.value, variationStrength)
    job.isSeamless = seamless ? true : nil
    hires.fill(&job)
    guides.fill(&job)
    return job
  }
}
