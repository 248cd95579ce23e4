import CommandSupport
import Diffusion
import Foundation
import Generation
import Images
import Jobs

/// One run of img2img: a picture, a change, and as many results as are asked for.
struct EditRun {
  let input: String
  let edits: EditOptions
  let job: PictureJob
  let output: OutputOptions
  let compute: ComputeOptions

  func run() throws {
    try job.checkSupport()
    let source = try ImageFile.load(URL(fileURLWithPath: input))
    let given = try edits.loadMask()
    let options = try edits.canvasOptions(width: job.width, height: job.height)
    let count = job.count ?? 1
    let first = job.seed ?? UInt64.random(in: 0..<(1 << 32))
    let naming = try OutputNaming(output.output, count: count)
    let loaded = try LoadedPipeline(ModelChoice(job))
    for note in loaded.notes where !compute.quiet { Terminal.error("note: \(note)") }
    let kind = loaded.components.kind
    let findsMask = edits.findsMask && kind != .instruction
    // A mask that is still to be found starts as all of the picture.
    let mask = given ?? (findsMask ? Mask(everythingIn: source) : nil)
    let canvas = try EditCanvas(
      source, mask: mask, options: options, multiple: loaded.components.sizeMultiple,
      defaultSize: loaded.components.defaultSize)
    var whole = PictureJob(pipeline: loaded.spec).overlaid(by: job)
    (whole.width, whole.height) = (canvas.width, canvas.height)
    if findsMask { (whole.sampler, whole.schedule, whole.eta) = (SamplerName.ddim.rawValue, nil, 0) }
    try naming.check(naming.url(index: 0, seed: first, prompt: whole.prompt ?? ""))
    var parameters = EditParameters()
    let strength = edits.strength ?? (canvas.mask == nil || findsMask ? 0.8 : 1)
    parameters.strength = kind == .instruction ? nil : strength
    parameters.imageGuidance = kind == .instruction ? edits.imageCfg : nil
    parameters.source = findsMask ? edits.source ?? "" : nil
    parameters.mask = canvas.mask == nil ? nil : options
    let writer = PictureWriter(format: naming.format, embedsParameters: !output.noMetadata)
    for start in stride(from: 0, to: count, by: output.batch) {
      let seeds = (start..<min(start + output.batch, count)).map { first &+ UInt64($0) }
      let request = try whole.request(loaded.components, seeds: seeds)
      let started = Date()
      let bar = ProgressBar("picture \(start + 1)/\(count)", quiet: compute.quiet)
      func show(_ done: Int, _ of: Int) throws {
        try Interruption.check()
        bar.show(done, of: of)
      }
      let made: GeneratedBatch
      if findsMask {
        var edit = DescriptionEdit(loaded.components, precision: loaded.pipeline.precision)
        edit.embeddings = loaded.pipeline.embeddings
        let result = try edit.generate(
          DescriptionEditRequest(request, canvas: canvas, source: edits.source ?? "", strength: strength),
          onProgress: show)
        made = result.batch
        if start == 0 { try edits.save(result.masks[0]) }
      } else {
        var pipeline = ImageToImage(loaded.components, precision: loaded.pipeline.precision)
        pipeline.embeddings = loaded.pipeline.embeddings
        made = try pipeline.generate(
          ImageToImageRequest(request, canvas: canvas, strength: strength, imageGuidance: edits.imageCfg)
        ) { step, _ in try show(step.index + 1, step.count) }
      }
      let seconds = Date().timeIntervalSince(started) / Double(seeds.count)
      for row in seeds.indices {
        let url = naming.url(index: start + row, seed: seeds[row], prompt: whole.prompt ?? "")
        try naming.prepare(url)
        var settings = PictureWriter.Settings(request, index: row, model: loaded.spec.name)
        (settings.modelHash, settings.precision) = (loaded.modelHash, loaded.pipeline.precision)
        (settings.vae, settings.vaeHash) = (job.vae, loaded.vae?.hash)
        settings.adapters = job.loras ?? []
        try writer.write(made, index: row, settings: settings, edit: parameters, to: url)
        try EditReport(url, settings, parameters, made, seconds: seconds).show(compute)
      }
    }
  }
}

/// What is told about a finished picture.
private struct EditReport: Encodable {
  let path, prompt: String
  let seed: UInt64
  let width, height, steps: Int
  let cfg: Float
  let sampler, model: String
  let strength: Double?
  let seconds: Double

  init(
    _ url: URL, _ settings: PictureWriter.Settings, _ edit: EditParameters, _ made: GeneratedBatch, seconds: Double
  ) {
    (path, prompt, seed, steps) = (url.path, settings.prompt, settings.seed, settings.steps)
    (width, height) = (made.pixels.shape[2], made.pixels.shape[1])
    (cfg, sampler, model) = (settings.guidance.scale, settings.sampler.rawValue, settings.model)
    (strength, self.seconds) = (edit.strength, seconds)
  }

  func show(_ compute: ComputeOptions) throws {
    if compute.json {
      try Terminal.json(self)
    } else if !compute.quiet {
      Terminal.error("\(path)  seed \(seed), \(String(format: "%.1f s", seconds))")
    }
  }
}
