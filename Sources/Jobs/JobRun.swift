import Diffusion
import Foundation
import Generation
import Images

/// The state of a run: what the folders' manifests hold.
struct JobRun {
  let runner: JobRunner
  let events: JobRunner.Events
  var manifests: [URL: Manifest] = [:]
  let writer: PictureWriter
  /// TAESD for previews, once it is loaded.
  var tiny: TinyAutoencoder?
  /// Words of which was said that they are left out.
  private var saidWords: Set<String> = []
  /// Notes that were told: one is enough for all jobs.
  private var saidNotes: Set<String> = []
  /// Names of pictures that no manifest keeps.
  var names: NewNames

  init(runner: JobRunner, events: JobRunner.Events) {
    (self.runner, self.events) = (runner, events)
    let first = runner.jobs.first
    names = NewNames(runner.naming, seed: first?.pictures.first?.seed ?? 0, prompt: first?.job.prompt ?? "")
    writer = PictureWriter(format: runner.naming.format, embedsParameters: runner.options.embedsParameters)
  }

  /// Makes the pictures of one job. A failure is told and does not stop the run; an error of what it is told to does.
  mutating func make(_ planned: PlannedJob, _ loaded: LoadedPipeline) throws {
    do {
      let prepared = try PreparedJob(planned, loaded, needsInput: runner.options.needsInput)
      if let made = prepared.job.modelHash, let hash = loaded.modelHash, made.count == hash.count, made != hash {
        events.onNote("made with the model of hash \(made); this one has \(hash), so the picture will be another")
      }
      var places = try places(planned, prepared, loaded)
      for place in places where place.isFinished { events.onSkip(place.url) }
      let missing = places.indices.filter { !places[$0].isFinished }
      try check(missing.map { places[$0] }, of: places, prepared, planned)
      let size = batchSize(prepared.request)
      let batch = min(size, max(missing.count, 1))
      let work = PictureWork(prepared, loaded.components, precision: loaded.pipeline.precision, batch: batch)
      var forecast = RunForecast(work, prepared.request, pictures: missing.count, batch: batch)
      if !runner.options.ignoresMemory { try forecast.checkMemory() }
      if !missing.isEmpty {
        try tell(prepared, loaded)
        if let line = try forecast.beforehand(work, prepared, loaded) { events.onNote(line) }
      }
      for start in stride(from: 0, to: missing.count, by: size) {
        let part = Array(missing[start..<min(start + size, missing.count)])
        let urls = try make(part.map { places[$0] }, prepared, planned, loaded, &forecast)
        for (index, url) in zip(part, urls) { places[index].url = url }
      }
      if let grid = grid(places, planned), !missing.isEmpty || !PictureFile.isWhole(grid.url), let first = places.first
      {
        let parameters = runner.options.embedsParameters ? prepared.gridParameters(first.record) : nil
        try grid.write(parameters)
        try stopping { try events.onGrid(grid.url) }
      }
    } catch let stop as Stop {
      throw stop.reason
    } catch {
      try events.onFailure(planned.line, error)
    }
  }

  /// Says what a person should know about a job, each thing once in a run.
  private mutating func tell(_ prepared: PreparedJob, _ loaded: LoadedPipeline) throws {
    let notes = prepared.notes(previewsEvery: runner.options.previews?.every) + (prepared.edit?.notes ?? [])
    for note in notes where saidNotes.insert(note).inserted { events.onNote(note) }
    let reading = try loaded.pipeline.reading(prepared.request)
    let words = reading.leftOut.filter { saidWords.insert($0).inserted }
    if !words.isEmpty {
      let shown = words.prefix(Self.shownWords).map { $0.count > 40 ? $0.prefix(39) + "…" : $0 }
        .joined(separator: ", ")
      let rest = words.count > Self.shownWords ? " and \(words.count - Self.shownWords) more" : ""
      events.onNote("left out, as this model never learnt the words: \(shown)\(rest)")
    }
    let emptied = reading.emptied.map { "\"\($0.prefix(60))\" has no word this model knows: drawn without a prompt" }
    for note in emptied where saidNotes.insert(note).inserted { events.onNote(note) }
  }

  /// Words that are left out of which a note names at most so many.
  private static let shownWords = 30

  /// A job on its model, and how many of its pictures are still to be made.
  mutating func open(_ planned: PlannedJob, _ loaded: LoadedPipeline) throws -> (PreparedJob, missing: Int) {
    let prepared = try PreparedJob(planned, loaded, needsInput: runner.options.needsInput)
    let missing = try places(planned, prepared, loaded).filter { !$0.isFinished }
    return (prepared, missing.count)
  }

  private func grid(_ places: [Place], _ planned: PlannedJob) -> PictureGrid? {
    guard let columns = runner.options.gridColumns, places.count > 1 else { return nil }
    return PictureGrid(
      files: places.map(\.url), columns: columns > 0 ? columns : planned.gridColumns, format: writer.format)
  }

  /// Finds out what could not be written at the end, before anything is computed; says what files will lack.
  private func check(_ missing: [Place], of all: [Place], _ prepared: PreparedJob, _ planned: PlannedJob) throws {
    guard !missing.isEmpty else { return }
    let maskFile = prepared.edit?.maskFile.map { URL(fileURLWithPath: $0) }
    if let maskFile {
      try OutputNaming.check(maskFile, flag: "`mask-out`")
      try runner.inputs.check(maskFile, flag: "`mask-out`")
      guard !all.contains(where: { $0.url.standardizedFileURL == maskFile.standardizedFileURL }) else {
        throw JobError.badValue(name: "`mask-out`", value: maskFile.path, reason: "is the result's own file")
      }
    }
    for place in missing { try runner.inputs.check(place.url) }
    if let grid = grid(all, planned) {
      try grid.check(width: prepared.resultSize.width, height: prepared.resultSize.height)
      try runner.inputs.check(grid.url, flag: "`grid`")
    }
    let lacking = missing.lazy.compactMap { writer.problem(storing: $0.parameters, in: $0.url) }
    if let problem = lacking.first ?? problem(ofGrid: grid(all, planned), all, prepared) {
      let kept = runner.options.keepsManifest ? " (\(Manifest.name) keeps them)" : ""
      events.onNote("the pictures' parameters are left out of the files\(kept): \(problem)")
    }
  }

  /// Why a grid cannot hold its parameters, which say more than those of its pictures; nil if it can.
  private func problem(ofGrid grid: PictureGrid?, _ places: [Place], _ prepared: PreparedJob) -> String? {
    guard let grid, let first = places.first, runner.options.embedsParameters else { return nil }
    return ImageFile.problem(storing: prepared.gridParameters(first.record).format(), in: grid.url)
  }

  /// Pictures that share a generator are made together.
  private func batchSize(_ request: GenerationRequest) -> Int {
    if request.stream == .torchBatch { return max(request.seeds.count, 1) }
    // It chooses each picture's steps by that picture, so that together they would take all of everyone's.
    return request.sampler == .dpmAdaptive ? 1 : runner.options.batch
  }

  /// What an event threw, to tell it from what went wrong with a picture.
  struct Stop: Error {
    let reason: any Error
  }

  func stopping(_ work: () throws -> Void) throws {
    do { try work() } catch { throw Stop(reason: error) }
  }
}
