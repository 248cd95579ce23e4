import Diffusion
import Foundation
import Generation

/// A run of jobs: what was told, and where the pictures go.
struct JobRun {
  let runner: JobRunner
  let events: JobRunner.Events
  let sink: any PictureSink
  /// Words of which was said that they are left out.
  private var saidWords: Set<String> = []
  /// Notes that were told: one is enough for all jobs.
  private var saidNotes: Set<String> = []

  init(runner: JobRunner, events: JobRunner.Events, sink: any PictureSink) {
    (self.runner, self.events, self.sink) = (runner, events, sink)
  }

  /// A job on its model, as the sink sees it, and what of it is still to be made.
  func open(_ planned: PlannedJob, _ loaded: LoadedPipeline) throws -> (PreparedJob, WantedJob, Outstanding) {
    let prepared = try PreparedJob(planned, loaded, needsInput: runner.options.needsInput)
    let wanted = WantedJob(planned, prepared, loaded)
    return (prepared, wanted, try sink.look(at: wanted))
  }

  /// Makes the pictures of one job. A failure is told and does not stop the run; an error of what it is told to does.
  mutating func make(_ planned: PlannedJob, _ loaded: LoadedPipeline) throws {
    do {
      let (prepared, wanted, outstanding) = try open(planned, loaded)
      if let made = prepared.job.modelHash, let hash = loaded.modelHash, made.count == hash.count, made != hash {
        events.onNote("made with the model of hash \(made); this one has \(hash), so the picture will be another")
      }
      for note in outstanding.notes { events.onNote(note) }
      for url in outstanding.finished { events.onSkip(url) }
      let missing = outstanding.missing
      if !missing.isEmpty { for note in try sink.check(wanted, missing: missing) { events.onNote(note) } }
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
        try make(part, of: wanted, prepared, loaded, &forecast)
      }
      if let grid = try sink.close(wanted, isNew: !missing.isEmpty) { try stopping { try events.onGrid(grid) } }
    } catch let stop as Stop {
      throw stop.reason
    } catch {
      try events.onFailure(planned.line, error)
    }
  }

  /// Makes one batch and hands it over.
  /// - Parameter places: of its pictures in the job.
  private func make(
    _ places: [Int], of wanted: WantedJob, _ prepared: PreparedJob, _ loaded: LoadedPipeline,
    _ forecast: inout RunForecast
  ) throws {
    let pictures = places.map { wanted.pictures[$0] }
    let part = prepared.part(pictures.map(\.position))
    try stopping { try events.onStart((pictures.first?.index ?? 0) + 1, runner.pictureCount) }
    let started = Date()
    // Pictures that share a generator are made with all others of theirs.
    let rows = pictures.indices.map { part.stream == .torchBatch ? pictures[$0].position : $0 }
    let made = try prepared.generate(
      part, loaded,
      onStep: { done, count in
        if let line = forecast.told(atStep: done) { events.onNote(line) }
        try stopping { try events.onStep(done, count) }
      },
      onClean: try sink.previews(of: places, rows: rows, loaded),
      onMask: { mask in try stopping { try events.onMask(mask) } })
    let seconds = Date().timeIntervalSince(started) / Double(places.count)
    var failure: (any Error)?
    for (place, row) in zip(places, rows) {
      do {
        let mask = row < made.masks.count ? made.masks[row] : nil
        let picture = MadePicture(place, made.batch, row: row, seconds: seconds, mask: mask, prepared.edit)
        switch try sink.take(picture, of: wanted) {
        case .thereAlready(let url): events.onSkip(url)
        case .taken(let url):
          let finished = FinishedPicture(picture, of: wanted, url: url, strength: prepared.edit?.strength)
          try stopping { try events.onPicture(finished) }
        }
      } catch let stop as Stop {
        throw stop
      } catch {
        // What is finished besides is not lost with it.
        failure = failure ?? error
      }
    }
    if let failure { throw failure }
  }

  /// Says what a person should know about a job, each thing once in a run.
  private mutating func tell(_ prepared: PreparedJob, _ loaded: LoadedPipeline) throws {
    let notes = prepared.notes(previewsEvery: runner.options.previews?.every) + (prepared.edit?.notes ?? [])
    for note in notes where saidNotes.insert(note).inserted { events.onNote(note) }
    let reading = try loaded.pipeline.reading(prepared.request)
    let leftOut = reading.words.leftOut.filter { saidWords.insert($0).inserted }
    if !leftOut.isEmpty {
      let shown = leftOut.map { $0.count > 40 ? $0.prefix(39) + "…" : $0 }
      events.onNote("left out, as this model never learnt the words: \(Self.some(shown))")
    }
    let exchanged = reading.words.exchanged.filter { saidWords.insert($0.word).inserted }
    if !exchanged.isEmpty {
      events.onNote("read as words this model has learnt: \(Self.some(exchanged.map(\.description)))")
    }
    let emptied = reading.emptied.map { "\"\($0.prefix(60))\" has no word this model knows: drawn without a prompt" }
    for note in emptied where saidNotes.insert(note).inserted { events.onNote(note) }
  }

  /// A list, at most 30 of it.
  private static func some(_ list: [String]) -> String {
    list.prefix(30).joined(separator: ", ") + (list.count > 30 ? " and \(list.count - 30) more" : "")
  }

  /// Pictures that share a generator are made together.
  private func batchSize(_ request: GenerationRequest) -> Int {
    if request.stream == .torchBatch { return max(request.seeds.count, 1) }
    // It chooses each picture's steps by that picture, so that together they would take all of everyone's.
    return request.sampler == .dpmAdaptive ? 1 : runner.options.batch
  }

  /// What an event threw, to tell it from what went wrong with a picture.
  private struct Stop: Error {
    let reason: any Error
  }

  /// `EarlyEnd` goes to the run as it is: what it leaves is a picture.
  private func stopping(_ work: () throws -> Void) throws {
    do { try work() } catch let end as EarlyEnd { throw end } catch { throw Stop(reason: error) }
  }
}
