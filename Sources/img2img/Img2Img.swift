import ArgumentParser
import CommandSupport
import Diffusion
import Foundation
import Generation
import Images
import TensorCore

extension SamplerName: ExpressibleByArgument {}
extension RandomStream: ExpressibleByArgument {}

/// Changes a picture by words.
@main
struct Img2Img: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "img2img", abstract: "Changes a picture by words.",
    discussion: """
      Examples:
        img2img photo.png "a watercolour of a cat" --strength 0.6
        img2img photo.png "a red hat" --mask mask.png --mask-blur 4
        img2img photo.png --edit "a dog on the moon" --source "a cat on the moon"
        img2img photo.png "a wide landscape" --outpaint 128,0,128,0
      """)

  static func main() {
    Launcher.settleThreadWaiting()
    main(nil)
  }

  @Argument(help: "The picture to change: PNG or JPEG.") var input: String
  @Argument(help: "What the result shows; with --edit, leave it out.") var prompt: String?
  @OptionGroup var edits: EditOptions
  @Option(help: "A diffusers folder, or the name of a pipeline in Pipelines/ (the bundled model).")
  var model: String?
  @Option(help: "What the picture must not show.") var negative: String?
  @Option(help: "Sampler steps (the pipeline's).") var steps: Int?
  @Option(help: "Guidance scale; 1 is off (the pipeline's).") var cfg: Float?
  @Option(help: "Rescaling of guidance, 0 to 1.") var guidanceRescale: Float?
  @Option(help: "DDIM's noise, 0 to 1.") var eta: Double?
  @Option(help: "ddpm or ddim (the model's).") var sampler: SamplerName?
  @Option(help: "Picture i has seed N + i (random, reported).") var seed: UInt64?
  @Option(help: "Whose noise: torch, torch-batch or nv.") var rng: RandomStream = .torch
  @Option(help: "Pixels, a multiple of 8 (the input's).") var width: Int?
  @Option(help: "Pixels, a multiple of 8 (the input's).") var height: Int?
  @Option(help: "Pictures in all.") var count = 1
  @Option(help: "Pictures at once.") var batch = 1
  @Option(help: "Layers of the text encoder to skip, as diffusers counts.") var clipSkip: Int?
  @Option(help: "A .png, .jpg or .safetensors file, a folder, or a pattern with {index} {seed} {prompt}.")
  var output: String?
  @Flag(help: "Leaves the parameters out of the file.") var noMetadata = false
  @OptionGroup var compute: ComputeOptions

  /// The words, whichever way they were given.
  private var words: String { edits.edit ?? prompt ?? "" }

  func validate() throws {
    guard prompt == nil || edits.edit == nil else {
      throw ValidationError("give a prompt or --edit, not both")
    }
    guard !words.allSatisfy(\.isWhitespace) else {
      throw ValidationError("say what the result shows, or give --edit")
    }
    guard count >= 1, batch >= 1 else { throw ValidationError("--count and --batch must be at least 1") }
  }

  func run() throws {
    Interruption.install()
    try reportingFailures { try compute.run(generate) }
  }

  private func generate() throws {
    let picture = try ImageFile.load(URL(fileURLWithPath: input))
    let mask = try edits.loadMask()
    let options = try edits.canvasOptions(width: width, height: height)
    let (spec, folder) = try ModelLocator().pipeline(model)
    let naming = try OutputNaming(output, count: count)
    let components = try PipelineComponents(folder: folder, name: spec.name)
    let canvas = try EditCanvas(
      picture, mask: mask, options: options, multiple: components.sizeMultiple, defaultSize: components.defaultSize)
    let first = seed ?? UInt64.random(in: 0..<(1 << 32))
    let writer = PictureWriter(format: naming.format, embedsParameters: !noMetadata)
    try naming.check(naming.url(index: 0, seed: first, prompt: words))
    let pipeline = ImageToImage(components, precision: compute.chosenPrecision)
    for start in stride(from: 0, to: count, by: batch) {
      let seeds = (start..<min(start + batch, count)).map { first &+ UInt64($0) }
      let generation = try generation(spec, components, seeds: seeds, canvas)
      let request = ImageToImageRequest(
        generation, canvas: canvas, strength: edits.strength ?? (canvas.mask == nil ? 0.8 : 1),
        imageGuidance: edits.imageCfg)
      let started = Date()
      let bar = ProgressBar("picture \(start + 1)/\(count)", quiet: compute.quiet)
      let made = try pipeline.generate(request) { step, _ in
        try Interruption.check()
        bar.show(step.index + 1, of: step.count)
      }
      let seconds = Date().timeIntervalSince(started) / Double(seeds.count)
      for row in seeds.indices {
        let url = naming.url(index: start + row, seed: seeds[row], prompt: words)
        try naming.prepare(url)
        let settings = PictureWriter.Settings(generation, index: row, model: spec.name)
        try writer.write(made, index: row, settings: settings, to: url)
        if !compute.quiet { Terminal.error("\(url.path)  seed \(seeds[row]), \(String(format: "%.1f s", seconds))") }
      }
    }
  }

  private func generation(
    _ spec: PipelineSpec, _ components: PipelineComponents, seeds: [UInt64], _ canvas: EditCanvas
  ) throws -> GenerationRequest {
    let schedulerClass = components.scheduler.className
    guard let sampler = sampler ?? spec.sampler ?? SamplerName(schedulerClass: schedulerClass) else {
      throw GenerationError.unsupported(
        what: "the model's scheduler \(schedulerClass) is not in this version: give --sampler ddim or ddpm")
    }
    return GenerationRequest(
      prompts: seeds.map { _ in words }, negativePrompt: negative, steps: steps ?? spec.steps,
      guidance: Guidance(scale: cfg ?? spec.guidance, rescale: guidanceRescale ?? spec.guidanceRescale),
      sampler: sampler, eta: eta ?? spec.eta, seeds: seeds, stream: rng, width: canvas.width, height: canvas.height,
      clipSkip: clipSkip)
  }
}
