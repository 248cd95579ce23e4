import Files
import Foundation
import Images
import ModelFiles
import Models
import Synchronization
import TensorCore
import Training

/// LoRA trainings: one at a time, on a thread of its own, each in a folder that outlives the server.
final class TrainingDesk: Sendable {
  /// What a training's folder says of it.
  private struct Entry: Codable {
    var settings: TrainingSettings
    var created: Date
    /// How it ended; nil for one that is to go on.
    var end: JobPhase?
    var problem: String?
  }

  private struct State {
    var runs: [TrainingRun] = []
    var isStopping = false
  }

  private let folder: URL
  private let folders: ServedFolders
  private let device: Device
  private let precision: Precision
  private let state = Mutex(State())
  private let (arrivals, ended) = (DispatchSemaphore(value: 0), DispatchSemaphore(value: 0))
  private static let name = "training.json"

  /// - Parameter folder: of all trainings; those that an earlier server left go on.
  init(_ folder: URL, _ folders: ServedFolders, device: Device, precision: Precision) throws {
    (self.folder, self.folders, self.device, self.precision) = (folder, folders, device, precision)
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    let entries = left()
    state.withLock { $0.runs = entries }
    for run in entries where run.read({ $0.phase }) == .queued { arrivals.signal() }
  }

  var runs: [TrainingRun] { state.withLock { $0.runs } }

  func run(_ id: String) -> TrainingRun? { runs.first { $0.id == id } }

  /// Trainings that may wait.
  private static let limit = 20

  /// Keeps a training's pictures and puts it into the queue.
  func add(_ new: NewTraining) throws -> TrainingRun {
    try new.settings.check()
    let files = folders.files()
    if let model = new.settings.model { _ = try files.model(model) }
    guard !FileManager.default.fileExists(atPath: output(new.settings).path),
      !runs.contains(where: { $0.settings.name == new.settings.name && !$0.read { $0.phase.isOver } })
    else { throw APIError(.conflict, "name \(new.settings.name) is taken: choose another one", setting: "name") }
    guard runs.count(where: { !$0.read { $0.phase.isOver } }) < Self.limit else {
      throw APIError(.serviceUnavailable, "\(Self.limit) trainings wait already")
    }
    let id = JobDesk.newGroup()
    let run = TrainingRun(id: id, settings: new.settings, folder: folder.appendingPathComponent(id))
    try keep(new, run)
    state.withLock { $0.runs.append(run) }
    arrivals.signal()
    return run
  }

  private func keep(_ new: NewTraining, _ run: TrainingRun) throws {
    do {
      let partial = try PartialFolder(run.folder.path)
      let pictures = partial.url.appendingPathComponent("pictures")
      try FileManager.default.createDirectory(at: pictures, withIntermediateDirectories: false)
      for (index, picture) in new.pictures.enumerated() {
        let header: ImageHeader
        do { header = try ImageHeader(picture.image) } catch {
          throw APIError(.unprocessableContent, "pictures: number \(index + 1) \(error)", setting: "pictures")
        }
        let stem = NumberedName.padded(index + 1, digits: 4)
        let ending = header.format == .png ? "png" : "jpg"
        try picture.image.write(to: pictures.appendingPathComponent("\(stem).\(ending)"))
        if let caption = picture.caption, !caption.isEmpty {
          try Data(caption.utf8).write(to: pictures.appendingPathComponent("\(stem).txt"))
        }
      }
      try Self.encode(Entry(settings: new.settings, created: .now)).write(
        to: partial.url.appendingPathComponent(Self.name))
      try partial.finish()
    } catch let error as APIError { throw error } catch {
      throw APIError(.insufficientStorage, "\(folder.path): \(FileFailure.reason(error)): free space there")
    }
  }

  /// Stops a training: one that waits at once, one that runs after its step.
  func cancel(_ run: TrainingRun) {
    run.change { state in
      state.isCancelled = true
      if state.phase == .queued { state.phase = .cancelled }
    }
    if run.read({ $0.phase }) == .cancelled { note(run, .cancelled, nil) }
  }

  /// Starts the thread; it ends when the desk stops.
  func start() {
    let thread = Thread { [self] in
      Device.$current.withValue(device) {
        while let run = next() { train(run) }
      }
      ended.signal()
    }
    (thread.stackSize, thread.name) = (16 << 20, "training")
    thread.start()
  }

  /// The run that goes on saves its state and ends.
  func stop() {
    state.withLock { $0.isStopping = true }
    arrivals.signal()
  }

  func join() { ended.wait() }

  private var isStopping: Bool { state.withLock { $0.isStopping } }

  private func next() -> TrainingRun? {
    while true {
      arrivals.wait()
      if isStopping { return nil }
      if let run = runs.first(where: { $0.read { $0.phase } == .queued }) { return run }
    }
  }

  // MARK: - Runs

  private func train(_ run: TrainingRun) {
    run.change { $0.phase = .running }
    do {
      try recipe(run).run(
        in: run.folder.appendingPathComponent("run"),
        RunContext(onEvent: { run.note($0) }, shouldStop: { self.isStopping || run.read { $0.isCancelled } }))
      if run.read({ $0.isCancelled }) {
        end(run, .cancelled)
      } else if isStopping, !FileManager.default.fileExists(atPath: output(run.settings).path) {
        run.change { $0.phase = .queued }
      } else {
        end(run, .done)
      }
    } catch {
      end(run, .failed, APIError(error))
    }
    Processor.releaseCachedMemory()
  }

  private func end(_ run: TrainingRun, _ phase: JobPhase, _ failure: APIError? = nil) {
    note(run, phase, failure?.message)
    run.change { state in (state.phase, state.failure, state.secondsLeft) = (phase, failure, nil) }
    if phase == .done { _ = folders.files(isFresh: true) }
  }

  /// The LoRA's file: where requests find it by its name.
  private func output(_ settings: TrainingSettings) -> URL {
    folders.locator.workingDirectory.appendingPathComponent("loras/\(settings.name).safetensors")
  }

  private func recipe(_ run: TrainingRun) throws -> FineTuningRecipe {
    let asked = run.settings
    let usual = UsualSettings(.lora, isBundled: asked.model == nil)
    var pictures = PictureSettings(path: run.folder.appendingPathComponent("pictures").path)
    (pictures.trigger, pictures.className, pictures.resolution) = (
      asked.trigger.flatMap { $0.isEmpty ? nil : $0 }, asked.subjectClass, asked.resolution
    )
    let file = output(asked)
    try FileManager.default.createDirectory(at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
    var loop = usual.loop(steps: asked.steps, rate: asked.rate)
    // Samples show whether it learns.
    loop.sampleEvery = max(1, loop.steps / 6)
    loop.decay = .cosine
    var recipe = FineTuningRecipe(
      name: asked.name, pictures: pictures, precision: precision, output: file.path, loop: loop)
    recipe.model = try asked.model.map { try folders.files().model($0).value }
    (recipe.adapter.rank, recipe.adapter.targets) = (asked.rank ?? usual.rank, usual.targets)
    if let prompt = asked.samplePrompt, !prompt.isEmpty { recipe.samples.prompts = [prompt] }
    if let problem = recipe.loop.problem ?? recipe.problem { throw problem }
    return recipe
  }

  // MARK: - Folders

  private func left() -> [TrainingRun] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
    let found = names.compactMap { name -> (run: TrainingRun, created: Date)? in
      let place = folder.appendingPathComponent(name)
      guard let data = try? Data(contentsOf: place.appendingPathComponent(Self.name)),
        let entry = try? JSONDecoder().decode(Entry.self, from: data)
      else { return nil }
      let run = TrainingRun(id: name, settings: entry.settings, folder: place)
      run.change { state in
        state.phase = entry.end ?? .queued
        state.failure = entry.problem.map { APIError(.unprocessableContent, $0) }
      }
      return (run, entry.created)
    }
    return found.sorted { $0.created < $1.created }.map(\.run)
  }

  private func note(_ run: TrainingRun, _ end: JobPhase, _ problem: String?) {
    let file = run.folder.appendingPathComponent(Self.name)
    guard let data = try? Data(contentsOf: file), var entry = try? JSONDecoder().decode(Entry.self, from: data) else {
      return
    }
    (entry.end, entry.problem) = (end, problem)
    if let data = try? Self.encode(entry) { try? PartialFile.write(data, to: file.path) }
  }

  private static func encode(_ entry: Entry) throws -> Data { try JSONEncoder().encode(entry) }
}
