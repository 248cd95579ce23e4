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
  @Option(help: "Sampler steps (the pipeline's).") public var steps: Int?
  @Option(help: "Guidance scale; 1 is off (the pipeline's).") public var cfg: Float?
  @Option(help: "Rescaling of guidance, 0 to 1 (the pipeline's).") public var guidanceRescale: Float?
  @Option(help: "DDIM's noise, 0 to 1 (the pipeline's).") public var eta: Double?
  @Option(help: "ddim, euler-a, dpmpp-2m, ... in any program's spelling (the model's).") public var sampler: String?
  @Option(
    help: "Noise levels: default, karras, exponential, sgm-uniform, simple, beta, ays, trailing, leading, linspace.")
  public var schedule: String?
  @Option(help: "Picture i has seed N + i (random, reported).") public var seed: UInt64?
  @Option(help: "Whose noise: torch, torch-batch or nv (torch).", transform: named) public var rng: RandomStream?
  @Option(help: "Pixels, a multiple of 8 (the model's).") public var width: Int?
  @Option(help: "Pixels, a multiple of 8 (the model's).") public var height: Int?
  @Option(help: "Pictures in all (1).") public var count: Int?
  @Option(help: "Layers of the text encoder to skip, as diffusers counts (0).") public var clipSkip: Int?
  @Option(help: "A second seed whose noise is mixed into the first's.") public var variationSeed: UInt64?
  @Option(help: "How much of the second seed's noise, 0 to 1.") public var variationStrength: Double?
  @Flag(name: [.long, .customLong("tiling")], help: "Pictures that fit together without seams.")
  public var seamless = false
  @Option(help: "A second pass at so many times the size.") public var hiresScale: Double?
  @Option(help: "Steps of the second pass (the first's).") public var hiresSteps: Int?
  @Option(help: "Strength of the second pass, 0 to 1 (0.7).") public var hiresDenoise: Double?
  @Option(help: "What enlarges for it: latent or lanczos (latent).", transform: named) public var hiresUpscaler:
    HiresFix.Upscaler?

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
    prompts.fill(&job)
    strip.fill(&job)
    job.loras = lora.isEmpty ? nil : lora
    job.isFactored = factored ? true : nil
    job.embeddings = embedding.isEmpty ? nil : embedding
    (job.steps, job.cfg, job.guidanceRescale, job.eta) = (steps, cfg, guidanceRescale, eta)
    (job.sampler, job.schedule) = (sampler, schedule)
    (job.seed, job.stream) = (seed, rng)
    (job.width, job.height, job.count, job.clipSkip) = (width, height, count, clipSkip)
    (job.variationSeed, job.variationStrength) = (variationSeed, variationStrength)
    job.isSeamless = seamless ? true : nil
    (job.hiresScale, job.hiresSteps, job.hiresDenoise) = (hiresScale, hiresSteps, hiresDenoise)
    job.hiresUpscaler = hiresUpscaler
    return job
  }
}
