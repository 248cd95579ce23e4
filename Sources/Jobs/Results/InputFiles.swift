import Adapters
import Foundation
import Generation

/// The files a run reads, none of which its results may replace.
struct InputFiles: Sendable {
  private struct Identity: Hashable {
    let device: UInt64
    let number: UInt64

    /// What a path leads to; nil if nothing.
    init?(_ path: String) {
      var status = stat()
      guard stat(path, &status) == 0 else { return nil }
      (device, number) = (UInt64(status.st_dev), UInt64(status.st_ino))
    }
  }

  private var uses: [Identity: String] = [:]

  /// - Parameter paths: files besides those that jobs name, and what each is for.
  init(_ paths: [(path: String, use: String)]) { for (path, use) in paths { add(path, use) } }

  private mutating func add(_ path: String, _ use: String) {
    if let identity = Identity(path), uses[identity] == nil { uses[identity] = use }
  }

  /// Adds what a job reads.
  mutating func add(_ job: PictureJob) {
    let named: [(String?, String)] = [
      (job.edit.input, "the picture to change"), (job.edit.mask, "the mask"), (job.model, "the model"),
      (job.vae, "the autoencoder"), (job.stylesFile, "the file of styles"),
    ]
    for (path, use) in named { if let path { add(path, use) } }
    for argument in job.loras ?? [] {
      if let request = try? AdapterRequest(argument: argument) { add(request.path, "an adapter") }
    }
    for path in job.embeddings ?? [] { add(path, "a textual inversion") }
  }

  /// What a file is for the run; nil if it does not read it.
  func use(of url: URL) -> String? { Identity(url.path).flatMap { uses[$0] } }

  /// Throws if a result would replace a file the run reads.
  func check(_ url: URL, setting: String = "output") throws(JobError) {
    if let use = use(of: url) {
      throw .badValue(
        name: "`\(setting)`", value: url.path,
        reason: "is \(use) of this run, which is not overwritten: give another name")
    }
  }
}
