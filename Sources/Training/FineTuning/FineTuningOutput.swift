import Foundation
import ModelFiles

/// Where the result of a fine-tuning run goes: nothing is found out at the end that can be known at the start, and nothing is
/// replaced that the run did not make.
struct FineTuningOutput {
  let url: URL
  let method: FineTuningRecipe.Method

  init(_ recipe: FineTuningRecipe) { (url, method) = (URL(fileURLWithPath: recipe.output), recipe.method) }

  /// Pictures and folders of the run that may lie among those it learns from.
  var companions: [URL] { [url, Self.grid(url)] }

  /// The pictures before and after, beside the result.
  static func grid(_ output: URL) -> URL {
    URL(fileURLWithPath: output.deletingPathExtension().path + "-before-after.png")
  }

  /// Makes the folder of the result.
  /// - Parameter hasState: whether the run goes on, so that what is there is its own.
  /// - Throws: `badFolder` for a place that is taken, or that cannot be written to.
  func prepare(hasState: Bool) throws {
    let files = FileManager.default
    func fail(_ path: String, _ reason: String) -> TrainingError { .badFolder(path: path, reason: reason) }
    let isSingle = url.pathExtension == "safetensors"
    guard method == .full || isSingle else {
      throw fail(url.path, "adapters and words are written as .safetensors; choose another `output`")
    }
    if !hasState, files.fileExists(atPath: url.path) {
      throw fail(url.path, "exists already; name another `output`, or remove it")
    }
    if method == .full { _ = try ModelPlace(url, for: isSingle ? .single : .folder, isReplacing: true) }
    let parent = url.deletingLastPathComponent()
    var isFolder: ObjCBool = true
    if files.fileExists(atPath: parent.path, isDirectory: &isFolder), !isFolder.boolValue {
      throw fail(parent.path, "is a file and no folder; choose another `output`")
    }
    try RunFiles.makeFolder(parent)
    guard files.isWritableFile(atPath: parent.path) else {
      throw fail(parent.path, "cannot be written to; choose another `output`")
    }
    if files.fileExists(atPath: url.path, isDirectory: &isFolder), isFolder.boolValue, isSingle {
      throw fail(url.path, "is a folder, and a file is to be written; choose another `output`")
    }
  }
}
