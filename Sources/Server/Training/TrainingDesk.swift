import Foundation
import Models
import Synchronization
import TensorCore
import Training

/// LoRA trainings: one at a time, on a thread of its own, each in a folder that outlives the server.
final class TrainingDesk: Sendable {
  private struct State {
    var runs: [TrainingRun] = []
    var isStopping = false
  }

  private let store: TrainingStore
  private let folders: ServedFolders
  private let device: Device
  private let precision: Precision
  private let state = Mutex(State())
  private let (arrivals, ended) = (DispatchSemaphore(value: 0), DispatchSemaphore(value: 0))

  /// - Parameter folder: of all trainings; those that an earlier server left go on.
  init(_ folder: URL, _ folders: ServedFolders, device: Device, precision: Precision) throws {
    (self.folders, self.device, self.precision) = (folders, device, precision)
    store = try TrainingStore(folder)
    let entries = store.left()
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
    let run = TrainingRun(id: id, settings: new.settings, folder: store.place(id))
    try store.keep(new, run)
    state.withLock { $0.runs.append(run) }
    arrivals.signal()
    return run
  }

  /// Stops a training: one that waits at once, one that runs after its step.
  func cancel(_ run: TrainingRun) {
    run.change { state in
      state.isCancelled = true
      if state.phase == .queued { state.phase = .cancelled }
    }
    if run.read({ $0.phase }) == .cancelled { store.note(run, .cancelled, nil) }
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
        in: run.results,
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
    store.note(run, phase, failure?.message)
    run.change { state in (state.phase, state.failure, state.secondsLeft) = (phase, failure, nil) }
    if phase == .done { _ = folders.files(isFresh: true) }
  }

  /// The LoRA's file: where requests find it by its name.
  private func output(_ settings: TrainingSettings) -> URL {
    folders.locator.workingDirectory.appendingPathComponent("loras/\(settings.name).safetensors")
  }

  private func recipe(_ run: TrainingRun) throws -> FineTuningRecipe {
    let asked = run.settings
    let usual = UsualSettings(.lora, isBundled: folders.locator.isBundled(asked.model))
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
}
