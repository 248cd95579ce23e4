import Diffusion
import Foundation
import Generation

/// The state of a run: what the folders' manifests hold.
struct JobRun {
  let runner: JobRunner
  let events: JobRunner.Events
  private var manifests: [URL: Manifest] = [:]
  private let writer: PictureWriter
  /// Notes that were told: one is enough for all jobs.
  private var told: Set<String> = []
  /// TAESD for previews, once it is loaded.
  private var tiny: TinyAutoencoder?

  init(runner: JobRunner, events: JobRunner.Events) {
    (self.runner, self.events) = (runner, events)
    writer = PictureWriter(format: runner.naming.format, embedsParameters: runner.options.embedsParameters)
  }

  /// A picture and where it goes.
  private struct Place {
    let picture: PlannedPicture
    let settings: PictureWriter.Settings
    let identity: String
    let url: URL
    let isFinished: Bool
  }

  /// Makes the pictures of one job. A failure is told and does not stop the run; an error of what it is told to does.
  mutating func make(_ planned: PlannedJob, _ loaded: LoadedPipeline) throws {
    do {
      let prepared = try PreparedJob(planned, loaded, needsInput: runner.options.needsInput)
      if let made = prepared.job.modelHash, let hash = loaded.modelHash, made != hash {
        events.onNote("made with the model of hash \(made); this one has \(hash), so the picture will be another")
      }
      for note in prepared.notes(previewsEvery: runner.options.previews?.every) where told.insert(note).inserted {
        events.onNote(note)
      }
      let places = places(planned, prepared, loaded)
      for place in places where place.isFinished { events.onSkip(place.url) }
      let missing = places.filter { !$0.isFinished }
      let size = batchSize(prepared.request)
      for start in stride(from: 0, to: missing.count, by: size) {
        try make(Array(missing[start..<min(start + size, missing.count)]), prepared, planned, loaded)
      }
      if let columns = runner.options.gridColumns, let first = places.first, places.count > 1 {
        let grid = PictureGrid(
          files: places.map(\.url), columns: columns > 0 ? columns : planned.gridColumns, format: writer.format)
        if !missing.isEmpty || !FileManager.default.fileExists(atPath: grid.url.path) {
          let parameters = runner.options.embedsParameters ? prepared.gridParameters(first.settings) : nil
          try grid.write(parameters)
          try stopping { try events.onGrid(grid.url) }
        }
      }
    } catch let stop as Stop {
      throw stop.reason
    } catch {
      try events.onFailure(planned.line, error)
    }
  }

  /// A job on its model, and how many of its pictures are still to be made.
  mutating func open(_ planned: PlannedJob, _ loaded: LoadedPipeline) throws -> (PreparedJob, missing: Int) {
    let prepared = try PreparedJob(planned, loaded, needsInput: runner.options.needsInput)
    let missing = places(planned, prepared, loaded).filter { !$0.isFinished }
    return (prepared, missing.count)
  }

  /// Pictures that share a generator are made together.
  private func batchSize(_ request: GenerationRequest) -> Int {
    if request.stream == .torchBatch { return max(request.seeds.count, 1) }
    // It chooses each picture's steps by that picture, so that together they would take all of everyone's.
    return request.sampler == .dpmAdaptive ? 1 : runner.options.batch
  }

  /// All pictures of a job.
  private mutating func places(
    _ planned: PlannedJob, _ prepared: PreparedJob, _ loaded: LoadedPipeline
  ) -> [Place] {
    let places = planned.pictures.map { picture in
      let settings = prepared.settings(picture.position, loaded)
      let identity = Self.identity(settings, picture, planned, runner)
      let wanted = runner.naming.url(
        index: picture.index, seed: picture.seed, prompt: settings.prompt,
        stem: prepared.job.fileName.map { planned.pictures.count > 1 ? "\($0)-\(picture.position + 1)" : $0 })
      func place(_ url: URL, isFinished: Bool) -> Place {
        Place(picture: picture, settings: settings, identity: identity, url: url, isFinished: isFinished)
      }
      guard runner.options.keepsManifest else { return place(wanted, isFinished: false) }
      let folder = wanted.deletingLastPathComponent()
      let manifest = manifests[folder] ?? Manifest(folder: folder)
      manifests[folder] = manifest
      if let done = manifest.finished(identity) { return place(done, isFinished: true) }
      return place(manifest.free(wanted, for: identity), isFinished: false)
    }
    // The pictures of a strip have one seed. If it was drawn, another run draws another one, for all of them.
    guard planned.job.frames != nil, planned.isDrawn, places.contains(where: { !$0.isFinished }) else { return places }
    return places.map {
      Place(picture: $0.picture, settings: $0.settings, identity: $0.identity, url: $0.url, isFinished: false)
    }
  }

  /// The hash of all that decides a picture's file.
  private static func identity(
    _ settings: PictureWriter.Settings, _ picture: PlannedPicture, _ planned: PlannedJob, _ runner: JobRunner
  ) -> String {
    var decisive = settings
    decisive.seed = 0
    // A second seed that was not named either is the drawn seed's neighbour.
    if planned.isDrawn, planned.job.variationSeed == nil, planned.job.toSeed == nil { decisive.variation?.seed = 0 }
    let text = """
      \(picture.seedKey)
      \(runner.naming.format.rawValue) \(runner.options.embedsParameters)
      \(decisive.parameters.format())
      """
    return String(SHA256.hex(Array(text.utf8)).prefix(32))
  }

  /// Makes one batch and writes it.
  private mutating func make(
    _ missing: [Place], _ prepared: PreparedJob, _ planned: PlannedJob, _ loaded: LoadedPipeline
  ) throws {
    let part = prepared.part(missing.map(\.picture.position))
    try stopping { try events.onStart((missing.first?.picture.index ?? 0) + 1, runner.pictureCount) }
    let started = Date()
    let rows = missing.indices.map { part.stream == .torchBatch ? missing[$0].picture.position : $0 }
    var previews = try previews(loaded, urls: missing.map(\.url), rows: rows)
    let onClean: CleanPreview = { clean, _ in try previews?.show(clean) }
    let made = try prepared.generate(
      part, loaded, onStep: { done, count in try stopping { try events.onStep(done, count) } },
      onClean: previews == nil ? nil : onClean)
    let seconds = Date().timeIntervalSince(started) / Double(missing.count)
    if missing.first?.picture.position == 0 { try prepared.edit?.save(made.mask) }
    for (item, row) in zip(missing, rows) {
      try runner.naming.prepare(item.url)
      try writer.write(made.batch, index: row, settings: item.settings, to: item.url)
      if runner.options.keepsManifest {
        let entry = Manifest.Entry(
          file: item.url.lastPathComponent, identity: item.identity, line: planned.line, seed: item.picture.seed,
          seconds: (seconds * 1000).rounded() / 1000, parameters: item.settings.parameters.format())
        try manifests[item.url.deletingLastPathComponent()]?.append(entry)
      }
      let shape = made.batch.pixels.shape
      let finished = FinishedPicture(
        url: item.url, line: planned.line, settings: item.settings, strength: prepared.edit?.strength,
        width: shape[2], height: shape[1], seconds: seconds)
      try stopping { try events.onPicture(finished) }
    }
  }

  /// What writes the previews of a batch, if there are to be any.
  private mutating func previews(_ loaded: LoadedPipeline, urls: [URL], rows: [Int]) throws -> PicturePreviews? {
    guard let options = runner.options.previews else { return nil }
    if tiny == nil, let path = options.taesd { tiny = try TinyAutoencoder(URL(fileURLWithPath: path)) }
    if let url = urls.first { try runner.naming.prepare(url) }
    return try PicturePreviews(options, tiny, loaded, urls: urls, rows: rows)
  }

  /// What an event threw, to tell it from what went wrong with a picture.
  private struct Stop: Error {
    let reason: any Error
  }

  private func stopping(_ work: () throws -> Void) throws {
    do { try work() } catch { throw Stop(reason: error) }
  }
}
