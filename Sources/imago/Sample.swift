import ArgumentParser
import CommandSupport
import Conditioning
import Diffusion
import Foundation
import Generation
import Jobs
import ModelFiles

/// Pictures of a model that takes no words.
struct Sample: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Draws with a model that takes no words: a network on pixels, which may know classes.",
    usage: "imago sample <model> [<options>]",
    discussion: """
      Examples:
        imago sample runs/butterflies/model --count 4 --output butterflies/
        imago sample models/ddpm --sampler ddim --steps 50 --seed 3 --output b.png
        imago sample runs/fashion/model --class sneaker --cfg 3 --sampler ddim --output sneaker.png
        imago sample runs/fashion-flow/model --class sneaker --cfg 2 --steps 20 --output sneaker.png
        imago sample runs/fashion/model --class bag --cfg 0 --classifier runs/fashion-classifier/classifier \
          --classifier-scale 4 --output bag.png
      """)

  @Argument(help: "A diffusers folder.", completion: .directory) var model: String
  @OptionGroup var form: VariantOption
  @Option(parsing: .unconditional, help: "Sampler steps.", transform: whole) var steps = 50
  @Option(help: "Sampler, as txt2img's --sampler (ddpm; a flow's own).") var sampler: String?
  @Option(
    parsing: .unconditional, help: "Seed of the first picture; picture i has this plus i; -1 draws one (random).",
    transform: seedOption)
  var seed: SeedChoice?
  @Option(help: "Whose noise: torch or nv (torch).", transform: named) var rng: RandomStream?
  @Option(parsing: .unconditional, help: "Pictures in all.", transform: whole) var count = 1
  @Option(help: "A .png, .jpg or .safetensors file, a folder, or a pattern with {index} {seed} (outputs/).")
  var output: String?
  @Option(
    name: .customLong("class"), help: "What the pictures are of: one of the model's classes, or of --classifier's.")
  var className: String?
  @Option(
    parsing: .unconditional,
    help: "Guidance by the class: 0 tells the network none, 1 the class alone, more than 1 strengthens it (1).",
    transform: single)
  var cfg: Float?
  @Option(help: "A classifier of noisy pictures that pulls them towards --class: its folder.", completion: .directory)
  var classifier: String?
  @Option(
    parsing: .unconditional, help: "How strongly it pulls; 1 is Bayes' rule, more sharpens (1).", transform: single)
  var classifierScale: Float?
  @OptionGroup var compute: ComputeOptions

  func validate() throws {
    if className == nil, let flag = classifier != nil ? "--classifier" : cfg != nil ? "--cfg" : nil {
      throw ValidationError("\(flag) has nothing to act on: it needs --class NAME")
    }
    guard classifier != nil || classifierScale == nil else {
      throw ValidationError("--classifier-scale has nothing to act on: it needs --classifier FOLDER")
    }
    if let cfg, !(0...10_000).contains(cfg) { throw ValidationError("--cfg \(cfg): must be 0 to 10000") }
    try wrongUsage { try ClassGuidance.check("--classifier-scale", classifierScale) }
    guard (1...1000).contains(steps) else { throw ValidationError("--steps \(steps): must be 1 to 1000") }
    guard (1...100_000).contains(count) else { throw ValidationError("--count \(count): must be 1 to 100000") }
    try wrongUsage {
      _ = try sampler.map { try SamplerName.parse($0) }
      _ = try OutputNaming(output, count: 1)
    }
    guard rng != .torchBatch else { throw ValidationError("--rng torch-batch: pictures are drawn one at a time") }
  }

  private struct Report: Encodable {
    let path: String
    let seed: UInt64
    let width, height, steps: Int
    let sampler, model: String
    let className: String?
    let seconds: Double
  }

  func run() throws {
    try reportingFailures {
      let name = try sampler.map { try SamplerName.parse($0).sampler }
      try compute.run { try draw(name) }
    }
  }

  /// The sampler a model names; of those that count in timesteps DDPM, which they are trained for.
  private func ownSampler(_ config: SchedulerConfig) -> SamplerName {
    config.isContinuous ? SamplerName(config) ?? config.usualSampler : .ddpm
  }

  private func draw(_ asked: SamplerName?) throws {
    let folder = URL(fileURLWithPath: model)
    let pipeline = try UnconditionalImages(folder: folder, variant: form.variant, precision: compute.chosenPrecision)
    let own = ownSampler(pipeline.scheduler)
    let name = asked ?? own
    let wish = try wish(pipeline)
    let first = seed?.value ?? UInt64.random(in: 0..<(1 << 32))
    var pictures = try NamedPictures(output, count: count, seed: first)
    for index in 0..<count {
      let started = ContinuousClock.now
      let seed = first &+ UInt64(index)
      let bar = ProgressBar(total: steps, label: "seed \(seed)", quiet: compute.quiet)
      let pixels = try pipeline.generate(
        seeds: [seed], steps: steps, sampler: name, stream: rng ?? .torch, wish: wish
      ) { step in
        try Interruption.check()
        bar.update(done: step.index + 1, of: step.count)
      }
      let url = try pictures.write(pixels, index: index, seed: seed)
      let report = Report(
        path: url.path, seed: seed, width: pixels.shape[2], height: pixels.shape[1], steps: steps,
        sampler: name.rawValue, model: folder.lastPathComponent, className: className,
        seconds: started.duration(to: .now) / .seconds(1))
      if compute.json {
        try Terminal.json(report)
      } else if !compute.quiet {
        Terminal.error("\(report.path)  seed \(seed), \(String(format: "%.1f s", report.seconds))")
      }
    }
  }

  /// What each picture is to be of.
  private func wish(_ pipeline: UnconditionalImages) throws -> ClassWish? {
    guard let className else { return nil }
    let network = try classifier.map { try NoisyClassifier(URL(fileURLWithPath: $0)) }
    let index = try pipeline.index(of: className, classifier: network)
    if pipeline.classes.isEmpty, let cfg, cfg != 0 {
      throw GenerationError.badValue(
        name: "--cfg", value: "\(cfg)", reason: "the model is told no classes: leave it out"
      )
    }
    return ClassWish(
      [index], guidance: Guidance(scale: cfg ?? 1), classifier: network, classifierScale: classifierScale ?? 1)
  }
}
