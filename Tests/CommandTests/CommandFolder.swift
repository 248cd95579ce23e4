import Checkpoints
import Foundation
import ReferenceSupport
import SafeTensors
import TensorCore
import TestSupport
import Testing

/// A folder of one test: models of the fixtures made complete, and what commands write. Removed afterwards.
final class CommandFolder {
  /// Where everything lies.
  let url: URL
  /// The only folder commands are told to write to.
  let results: URL

  init() throws {
    url = FileManager.default.temporaryDirectory.appendingPathComponent("imago-command-\(UUID().uuidString)")
    results = url.appendingPathComponent("results")
    try FileManager.default.createDirectory(at: results, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(at: url) }

  func file(_ name: String) -> URL { url.appendingPathComponent(name) }

  /// Writes a small file and gives its path.
  func write(_ text: String, to name: String) throws -> String {
    try Data(text.utf8).write(to: file(name))
    return file(name).path
  }

  // MARK: - Models

  /// A pipeline of `Fixtures/reference` with the weights and tokenizers the fixtures keep only once.
  /// - Parameters:
  ///   - name: the fixture's folder.
  ///   - scheduler: in place of the model's `scheduler_config.json`.
  func model(_ name: String, scheduler: [String: Any]? = nil) throws -> URL {
    let model = url.appendingPathComponent(name)
    guard !FileManager.default.fileExists(atPath: model.path) else { return model }
    try ReferenceFolder.copy(name, to: model)
    if let scheduler {
      try JSONSerialization.data(withJSONObject: scheduler)
        .write(to: model.appendingPathComponent("scheduler/scheduler_config.json"))
    }
    return model
  }

  /// Changes the tensors of a file.
  func rewrite(_ url: URL, _ change: (inout [String: RawTensor]) throws -> Void) throws {
    let old = try TensorFile(url)
    var tensors: [String: RawTensor] = [:]
    for key in old.keys { tensors[key] = old.raw(key) }
    try change(&tensors)
    let sorted = tensors.sorted { $0.key < $1.key }
    let writer = try SafeTensorsWriter(
      url: url, entries: sorted.map { ($0.key, $0.value.type, $0.value.shape) }, metadata: old.metadata)
    for (_, tensor) in sorted {
      try tensor.withBytes { (bytes) throws(CheckpointError) in try writer.append(bytes) }
    }
    try writer.finish()
  }

  // MARK: - Runs

  /// Runs a drawing command in float32 that is to succeed.
  /// - Parameters:
  ///   - name: the file that is looked at.
  ///   - pattern: what `--output` says, if not that.
  /// - Returns: the file it wrote.
  @discardableResult
  func draw(
    _ command: BuiltCommand, _ arguments: [String], to name: String = "a.safetensors", pattern: String? = nil,
    sourceLocation: SourceLocation = #_sourceLocation
  ) throws -> TensorFile {
    let place = results.appendingPathComponent(name)
    let output = results.appendingPathComponent(pattern ?? name).path
    let result = try command.run(arguments + ["--precision", "f32", "--output", output], in: url)
    try #require(result.status == 0, "\(result.errors)", sourceLocation: sourceLocation)
    return try TensorFile(place)
  }
}

/// What the commands draw of one prompt.
let catOnTheMoon = "a cat on the moon"

extension TensorFile {
  /// Records an issue unless image and latents are a stored call's: the last of its latents, and its image.
  /// - Parameters:
  ///   - tolerance: of the range of the expected values.
  ///   - row: of the stored batch.
  func expectStored(
    _ name: String, in reference: TensorFile, row: Int = 0, tolerance: Float,
    sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    let (image, latents) = (try tensor("image_nhwc").floats(), try tensor("latents").floats())
    let prefix = name.isEmpty ? "" : "\(name)."
    let images = try reference.tensor("\(prefix)image_nhwc")
    expectMatch(
      image, Array(images.floats()[(row * image.count)..<((row + 1) * image.count)]), tolerance: tolerance,
      "\(name) image", sourceLocation: sourceLocation)
    guard reference.keys.contains("\(prefix)latents") else { return }
    // Of a batch, the rows of a step lie together.
    let all = try reference.tensor("\(prefix)latents").floats()
    let start = all.count - (images.shape[0] - row) * latents.count
    expectMatch(
      latents, Array(all[start..<(start + latents.count)]), tolerance: tolerance, "\(name) latents",
      sourceLocation: sourceLocation)
  }
}
