import ArgumentParser
import CommandSupport
import Evaluation
import Foundation
import Generation
import Images
import Jobs

/// Flags that say what a model draws to be measured.
struct DrawnPictures: ParsableArguments {
  @OptionGroup var model: MeasuredModel
  @Option(help: "Draws a file of jobs, one a line, as txt2img's --prompts.", completion: .file()) var prompts: String?
  @Option(
    help: "Draws the captions of a folder's pictures, and holds the result against these.", completion: .directory)
  var data: String?
  @Option(help: "An adapter, PATH or PATH:WEIGHT; again for more.", completion: .file()) var lora: [String] = []
  @Option(parsing: .unconditional, help: "The first so many prompts or captions (all).", transform: whole)
  var count: Int?
  @Option(parsing: .unconditional, help: "Sampler steps (the pipeline's).", transform: whole) var steps: Int?
  @Option(help: "Guidance scales, separated by commas: everything is drawn with each (the pipeline's).")
  var cfg: String?
  @Option(help: "Sampler, as txt2img's (the model's).") var sampler: String?
  @Option(parsing: .unconditional, help: "Picture i has seed N + i.", transform: unsigned) var seed: UInt64?
  @Option(parsing: .unconditional, help: "Pictures at once (8).", transform: whole) var batch: Int?
  @Option(
    help: "Keeps what is drawn, with the first scale, in a folder that does not exist yet.", completion: .directory)
  var keep: String?

  /// Whether pictures are to be drawn.
  var isAsked: Bool { prompts != nil || data != nil }

  /// Whether there are flags that only drawing has a use for.
  var saysMore: Bool {
    model.model != nil || !lora.isEmpty || count != nil || steps != nil || cfg != nil || sampler != nil || seed != nil
      || batch != nil || keep != nil
  }

  /// The scales of `--cfg`; none if it was not given.
  var scales: [Float] { (try? readScales()) ?? [] }

  /// The same, or the pipeline's.
  var scalesOrOwn: [Float?] { scales.isEmpty ? [nil] : scales }

  private func readScales() throws -> [Float] {
    try (cfg ?? "").split(separator: ",").map { try single($0.trimmingCharacters(in: .whitespaces)) }
  }

  func validate() throws {
    if prompts != nil, data != nil { throw ValidationError("give --prompts or --data, not both") }
    if let cfg {
      let scales = try wrongUsage { try readScales() }
      guard !scales.isEmpty, scales.allSatisfy({ (0...100).contains($0) }) else {
        throw ValidationError("--cfg \(cfg): must be numbers from 0 to 100, separated by commas")
      }
    }
    if let count, !(1...1_000_000).contains(count) {
      throw ValidationError("--count \(count): must be 1 to 1000000")
    }
    if let batch, !(1...4096).contains(batch) { throw ValidationError("--batch \(batch): must be 1 to 4096") }
    try wrongUsage { try job.checkValues() }
  }

  /// What the flags say of every picture.
  private var job: PictureJob {
    var job = PictureJob()
    (job.model, job.vae, job.tokenizer) = (model.model, model.files.vae, model.files.tokenizer)
    (job.predictionType, job.usesAverage) = (model.files.prediction, model.files.ema ? true : nil)
    job.variant = model.files.form.variant
    (job.steps, job.sampler, job.loras) = (steps, sampler, lora.isEmpty ? nil : lora)
    return job
  }

  /// Loads the model and lays out what it draws.
  /// - Parameter real: the pictures of `--data`.
  func drawer(_ real: JudgedPictures?, _ compute: ComputeOptions) throws -> Drawer {
    var settings = job
    settings.precision = compute.chosenPrecision
    let items = try items(real)
    return Drawer(
      drawing: try PictureDrawing(settings), items: items, seed: seed ?? 0, batch: batch ?? 8, quiet: compute.quiet)
  }

  private func items(_ real: JudgedPictures?) throws -> [PictureDrawing.Item] {
    if let data, let real {
      guard real.captions.allSatisfy({ !$0.isEmpty }) else {
        throw EvaluationError.noData(
          path: data, reason: "has pictures without a caption, which nothing can be drawn from; see imago data check")
      }
      return zip(real.captions, real.truths).map { PictureDrawing.Item(caption: $0, $1) }
    }
    let file = try PromptFile(prompts ?? "")
    if let error = file.errors.first { throw error }
    let items = file.lines.flatMap { line -> [PictureDrawing.Item] in
      var one = line.job
      one.count = nil
      return (0..<(line.job.count ?? 1)).map { index in
        var job = one
        job.seed = one.seed.map { $0 &+ UInt64(index) }
        return PictureDrawing.Item(job)
      }
    }
    guard !items.isEmpty else { throw EvaluationError.noData(path: file.path, reason: "holds no jobs") }
    return Array(items.prefix(count ?? items.count))
  }
}

/// Draws what is measured, with a bar.
struct Drawer {
  var drawing: PictureDrawing
  let items: [PictureDrawing.Item]
  let seed: UInt64
  let batch: Int
  let quiet: Bool

  var name: String { drawing.loaded.spec.name }

  /// - Parameters:
  ///   - cfg: over the pipeline's guidance scale, under what a line says.
  ///   - team: the processes that draw a range of the pictures each.
  func draw(cfg: Float?, _ team: ProcessTeam) throws -> JudgedPictures {
    var drawing = drawing
    drawing.settings.cfg = cfg
    let total = team.range(of: items.count).count
    let bar = ProgressBar(total: total, label: cfg.map { "drawing, cfg \($0)" } ?? "drawing", quiet: quiet)
    defer { bar.finish() }
    let images = try team.all(items.count) { range in
      try drawing.draw(Array(items[range]), seed: seed &+ UInt64(range.lowerBound), batch: batch) {
        try Interruption.check()
        bar.update(done: $0)
      }
    } pack: {
      try PNG.encode($0)
    } unpack: {
      try PNG.decode($0)
    }
    return drawing.judged(items, images)
  }
}
