import Diffusion
import Generation

/// A job on its model: the request for all its pictures, and the picture to change if there is one.
struct PreparedJob {
  let job: PictureJob
  let request: GenerationRequest
  /// nil for pictures from words alone.
  let edit: OpenedEdit?
  /// Pixels of a finished picture.
  let resultSize: PixelSize

  /// - Parameter needsInput: whether the job must name a picture to change.
  init(_ planned: PlannedJob, _ loaded: LoadedPipeline, needsInput: Bool) throws {
    edit = try OpenedEdit(planned.job, loaded.components)
    guard edit != nil || !needsInput else {
      throw JobError.missing(
        what: "the picture to change", advice: "name it before the prompt, or with `init-image` FILE in the line")
    }
    var job = PictureJob(pipeline: loaded.spec).overlaid(by: planned.job)
    if let edit {
      (job.width, job.height) = (edit.canvas.width, edit.canvas.height)
      if edit.findsMask { (job.sampler, job.schedule, job.eta) = (SamplerName.ddim.rawValue, nil, 0) }
    }
    try job.guides.checkComplete()
    self.job = job
    request = try job.strip(of: try job.request(loaded.components, seeds: planned.requestSeeds))
    if let edit {
      resultSize = PixelSize(width: edit.canvas.original.width, height: edit.canvas.original.height)
    } else {
      let first = PixelSize(width: request.width, height: request.height)
      let multiple = loaded.components.sizeMultiple
      resultSize = request.hires.map { $0.enlargement(of: first, multiple: multiple).result } ?? first
    }
  }

  /// What of the settings does nothing on this model, or was chosen where nothing was said: a line each.
  func notes(previewsEvery every: Int?) -> [String] {
    var notes: [String] = []
    if request.eta > 0, !request.sampler.takesEta {
      notes.append("`eta` does nothing: the sampler \(request.sampler.rawValue) has no use for it")
    }
    if request.guidance.scale == 1, request.negativePrompt != nil {
      notes.append("the negative prompt does nothing: guidance is off (`cfg` 1)")
    }
    if let edit, edit.kind == .instruction, job.edit.strength != nil {
      notes.append("`strength` does nothing: the model follows instructions and starts from noise")
    }
    if let edit, edit.kind != .instruction, job.edit.imageGuidance != nil {
      notes.append("`image-cfg` does nothing: it belongs to models made for instructions")
    }
    if let every, every > request.steps {
      notes.append("`preview-every` \(every) shows nothing of \(request.steps) steps")
    }
    if job.variationSeed == nil, let first = request.variations.first {
      notes.append("`variation-strength` without `variation-seed` takes the seed after the picture's: \(first.seed)")
    }
    return notes
  }

  /// The request for some of the pictures, by their place.
  func part(_ places: [Int]) -> GenerationRequest {
    // Pictures that share a generator are made together.
    guard request.stream != .torchBatch else { return request }
    var part = request
    part.prompts = places.map { request.prompts[$0] }
    part.seeds = places.map { request.seeds[$0] }
    if !request.variations.isEmpty { part.variations = places.map { request.variations[$0] } }
    if !request.blends.isEmpty { part.blends = places.map { request.blends[$0] } }
    return part
  }

  /// Makes one batch.
  /// - Parameters:
  ///   - onStep: steps done and in all; throw to stop.
  ///   - onClean: told where the run seems to end.
  ///   - onMask: told a mask that was found, before anything is drawn in it; throw to stop.
  func generate(
    _ part: GenerationRequest, _ loaded: LoadedPipeline, onStep: (_ done: Int, _ of: Int) throws -> Void,
    onClean: CleanPreview? = nil, onMask: (Mask) throws -> Void = { _ in }
  ) throws -> (batch: GeneratedBatch, masks: [Mask]) {
    if let edit { return try edit.generate(part, loaded, onStep: onStep, onClean: onClean, onMask: onMask) }
    let made = try loaded.pipeline.generate(part, onStep: { try onStep($0.index + 1, $0.count) }, onClean: onClean)
    return (made, [])
  }

  /// The settings of one picture as they were used, which its metadata holds: nothing is left to a default.
  func record(_ place: Int, _ loaded: LoadedPipeline) -> PictureJob {
    var record = job
    (record.prompt, record.negativePrompt) = (request.prompts[place], request.negativePrompt)
    (record.model, record.modelHash) = (loaded.title, loaded.modelHash)
    (record.steps, record.cfg) = (request.steps, request.guidance.scale)
    record.guidanceRescale = request.guidance.rescale
    (record.eta, record.sampler, record.schedule) = (
      request.eta, request.sampler.rawValue, request.schedule?.rawValue
    )
    (record.seedChoice, record.stream) = (.given(request.seeds[place]), request.stream)
    (record.width, record.height, record.clipSkip) = (request.width, request.height, request.clipSkip)
    record.batchPlace =
      request.stream == .torchBatch ? BatchPlace(position: place, size: request.seeds.count) : nil
    // The end of a strip at which nothing is mixed in is a picture like any other.
    let variation = request.variations.isEmpty ? nil : request.variations[place]
    let isVaried = variation.map { $0.strength != 0 } ?? false
    (record.variationSeed, record.variationStrength) = isVaried ? (variation?.seed, variation?.strength) : (nil, nil)
    let blend = place < request.blends.count ? request.blends[place] : nil
    let isBlended = blend.map { $0.share > 0 } ?? false
    (record.toPrompt, record.blendShare) = isBlended ? (blend?.prompt, blend?.share) : (nil, nil)
    (record.frames, record.toSeed) = (nil, nil)
    if let hires = request.hires { record.setHires(as: hires) } else { record.forgetHires() }
    record.guides = job.guides.used(loaded.guideFiles)
    record.edit = edit?.used ?? EditJob()
    record.precision = loaded.pipeline.precision
    return record
  }
}
