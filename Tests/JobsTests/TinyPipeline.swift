import Checkpoints
import Conditioning
import Diffusion
import Foundation
import Generation
import Jobs
import ModelFiles
import ReferenceSupport
import TensorCore
import TestSupport
import Tokenizers

/// The small Stable Diffusion pipeline of the fixtures, and a folder for what a test writes. Removed afterwards.
final class TinyPipeline: Sendable {
  let folder: URL
  let loaded: LoadedPipeline

  init() throws {
    folder = FileManager.default.temporaryDirectory.appendingPathComponent("imago-test-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: false)
    let reference = try ReferenceCase("sd1_tiny")
    let scheduler = ModelFolder(reference.url.appendingPathComponent("scheduler"))
    let components = PipelineComponents(
      text: CLIPTextEncoding([
        CLIPTextEncoder(
          tokenizer: try CLIPTokenizer(directory: fixtureURL("clip_tokenizer")), model: try reference.textEncoder())
      ]),
      network: try reference.conditionalUNet(), autoencoder: .kl(try reference.autoencoder()),
      scheduler: try scheduler.decode(SchedulerConfig.self, from: "scheduler_config.json"), name: "tiny")
    var spec = PipelineSpec(folder: URL(fileURLWithPath: "tiny"))
    (spec.steps, spec.width, spec.height) = (2, 64, 64)
    loaded = LoadedPipeline(
      spec: spec, pipeline: TextToImage(components, precision: .f32), modelHash: "0123456789")
  }

  deinit { try? FileManager.default.removeItem(at: folder) }

  func file(_ name: String) -> URL { folder.appendingPathComponent(name) }

  /// The pipeline on disk, `sd1_tiny` beside what the test writes.
  func diffusersFolder() throws -> URL {
    let model = file("sd1_tiny")
    try FileManager.default.copyItem(at: fixtureURL("reference/sd1_tiny"), to: model)
    try FileManager.default.copyItem(at: fixtureURL("clip_tokenizer"), to: model.appendingPathComponent("tokenizer"))
    return model
  }

  /// Values of a tensor in a file.
  func tensors(_ name: String, _ key: String) throws -> [Float] { try TensorFile(file(name)).tensor(key).floats() }

  /// Runs jobs on the pipeline.
  /// - Parameter steps: given each step that is done.
  @discardableResult
  func run(
    _ lines: [JobLine], below: PictureJob = PictureJob(), above: PictureJob = PictureJob(), output: String,
    batch: Int = 1, keepsManifest: Bool = false, needsInput: Bool = false, grid: Int? = nil,
    previews: PreviewOptions? = nil,
    onStep: @escaping () throws -> Void = {}
  ) throws -> RunResult {
    var options = JobRunner.Options()
    options.output = file(output).path + (output.hasSuffix("/") ? "/" : "")
    (options.batch, options.keepsManifest) = (batch, keepsManifest)
    (options.needsInput, options.gridColumns, options.previews) = (needsInput, grid, previews)
    var f32 = below
    f32.precision = .f32
    let loaded = loaded
    let runner = try JobRunner(lines, below: f32, above: above, options: options) { _ in loaded }
    let result = RunResult()
    var events = JobRunner.Events()
    events.onStep = { _, _ in try onStep() }
    events.onPicture = { result.made.append($0.url?.lastPathComponent ?? "") }
    events.onGrid = { result.grids.append($0.lastPathComponent) }
    events.onSkip = { result.skipped.append($0.lastPathComponent) }
    events.onNote = { result.notes.append($0) }
    if keepsManifest { events.onFailure = { line, error in result.failures.append("\(line ?? 0): \(error)") } }
    try runner.run(events)
    return result
  }
}

/// What a run told.
final class RunResult {
  var made: [String] = []
  var grids: [String] = []
  var skipped: [String] = []
  var notes: [String] = []
  var failures: [String] = []
}

extension PictureJob {
  /// A job with a prompt and changes to it.
  static func job(_ prompt: String, _ change: (inout PictureJob) -> Void = { _ in }) -> PictureJob {
    var job = PictureJob()
    job.prompt = prompt
    change(&job)
    return job
  }
}
