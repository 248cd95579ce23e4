import Diffusion
import Foundation
import Generation

/// The state of a run: what the folders' manifests hold.
struct JobRun {
  let runner: JobRunner
  let events: JobRunner.Events
  private var manifests: [URL: Manifest] = [:]
  private let writer: PictureWriter

  init(runner: JobRunner, events: JobRunner.Events) {
    (self.runner, self.events) = (runner, events)
    writer = PictureWriter(format: runner.naming.format, embedsParameters: runner.options.embedsParameters)
  }

  /// A picture that is still to be made.
  private struct Missing {
    let picture: PlannedPicture
    let settings: PictureWriter.Settings
    let identity: String
    let url: URL
  }

  /// Makes the pictures of one job. A failure is told and does not stop the run; an error of what it is told to does.
  mutating func make(_ planned: PlannedJob, _ loaded: LoadedPipeline) throws {
    let job = PictureJob(pipeline: loaded.spec).overlaid(by: planned.job)
    do {
      let request = try job.request(loaded.components, seeds: planned.batchSeeds ?? planned.pictures.map(\.seed))
      if let made = job.modelHash, let hash = loaded.modelHash, made != hash {
        events.onNote("made with the model of hash \(made); this one has \(hash), so the picture will be another")
      }
      let missing = missing(planned, request, job, loaded)
      for start in stride(from: 0, to: missing.count, by: batchSize(request)) {
        let part = Array(missing[start..<min(start + batchSize(request), missing.count)])
        try make(part, request, planned, loaded)
      }
    } catch let stop as Stop {
      throw stop.reason
    } catch {
      try events.onFailure(planned.line, error)
    }
  }

  /// A job's request, and how many of its pictures are still to be made.
  mutating func open(_ planned: PlannedJob, _ loaded: LoadedPipeline) throws -> (GenerationRequest, missing: Int) {
    let job = PictureJob(pipeline: loaded.spec).overlaid(by: planned.job)
    let request = try job.request(loaded.components, seeds: planned.batchSeeds ?? planned.pictures.map(\.seed))
    return (request, missing(planned, request, job, loaded).count)
  }

  /// Pictures that share a generator are made together.
  private func batchSize(_ request: GenerationRequest) -> Int {
    request.stream == .torchBatch ? max(request.seeds.count, 1) : runner.options.batch
  }

  /// The pictures that are not there yet.
  private mutating func missing(
    _ planned: PlannedJob, _ request: GenerationRequest, _ job: PictureJob, _ loaded: LoadedPipeline
  ) -> [Missing] {
    planned.pictures.compactMap { picture in
      let row = request.seeds.firstIndex(of: picture.seed) ?? picture.position
      let settings = Self.settings(request, row, job, loaded)
      let identity = Self.identity(settings, picture, runner)
      let wanted = runner.naming.url(
        index: picture.index, seed: picture.seed, prompt: settings.prompt,
        stem: job.fileName.map { planned.pictures.count > 1 ? "\($0)-\(picture.position + 1)" : $0 })
      guard runner.options.keepsManifest else {
        return Missing(picture: picture, settings: settings, identity: identity, url: wanted)
      }
      let folder = wanted.deletingLastPathComponent()
      let manifest = manifests[folder] ?? Manifest(folder: folder)
      manifests[folder] = manifest
      if let done = manifest.finished(identity) {
        events.onSkip(done)
        return nil
      }
      return Missing(
        picture: picture, settings: settings, identity: identity, url: manifest.free(wanted, for: identity))
    }
  }

  /// The settings of one picture with all that its metadata says.
  static func settings(
    _ request: GenerationRequest, _ row: Int, _ job: PictureJob, _ loaded: LoadedPipeline
  ) -> PictureWriter.Settings {
    var settings = PictureWriter.Settings(request, index: row, model: loaded.title)
    (settings.adapters, settings.embeddings) = (job.loras ?? [], job.embeddings ?? [])
    settings.modelHash = loaded.modelHash
    settings.vae = job.vae
    settings.vaeHash = loaded.vae?.hash
    settings.precision = loaded.pipeline.precision
    return settings
  }

  /// The hash of all that decides a picture's file.
  static func identity(
    _ settings: PictureWriter.Settings, _ picture: PlannedPicture, _ runner: JobRunner
  ) -> String {
    var decisive = settings
    decisive.seed = 0
    // A drawn second seed is the drawn seed's neighbour.
    if picture.seedKey.hasPrefix("drawn") { decisive.variation?.seed = 0 }
    let text = """
      \(picture.seedKey)
      \(runner.naming.format.rawValue) \(runner.options.embedsParameters)
      \(decisive.parameters.format())
      """
    return String(SHA256.hex(Array(text.utf8)).prefix(32))
  }

  /// Makes one batch and writes it.
  private mutating func make(
    _ missing: [Missing], _ request: GenerationRequest, _ planned: PlannedJob, _ loaded: LoadedPipeline
  ) throws {
    var part = request
    if request.stream != .torchBatch {
      let rows = missing.map { item in request.seeds.firstIndex(of: item.picture.seed) ?? 0 }
      part.prompts = rows.map { request.prompts[$0] }
      part.seeds = rows.map { request.seeds[$0] }
      if !request.variations.isEmpty { part.variations = rows.map { request.variations[$0] } }
    }
    try stopping { try events.onStart((missing.first?.picture.index ?? 0) + 1, runner.pictureCount) }
    let started = Date()
    let made = try loaded.pipeline.generate(part) { step in try stopping { try events.onStep(step) } }
    let seconds = Date().timeIntervalSince(started) / Double(missing.count)
    for item in missing {
      let row = part.seeds.firstIndex(of: item.picture.seed) ?? 0
      try runner.naming.prepare(item.url)
      try writer.write(made, index: row, settings: item.settings, to: item.url)
      if runner.options.keepsManifest {
        let entry = Manifest.Entry(
          file: item.url.lastPathComponent, identity: item.identity, line: planned.line, seed: item.picture.seed,
          seconds: (seconds * 1000).rounded() / 1000, parameters: item.settings.parameters.format())
        try manifests[item.url.deletingLastPathComponent()]?.append(entry)
      }
      try stopping {
        try events.onPicture(
          FinishedPicture(url: item.url, line: planned.line, settings: item.settings, seconds: seconds))
      }
    }
  }

  /// What an event threw, to tell it from what went wrong with a picture.
  private struct Stop: Error {
    let reason: any Error
  }

  private func stopping(_ work: () throws -> Void) throws {
    do { try work() } catch { throw Stop(reason: error) }
  }
}
