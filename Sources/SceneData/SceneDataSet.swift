import Foundation
import Images

/// Writes scenes as a folder of PNG files with captions.
public struct SceneDataSet: Sendable {
  private let generator: SceneGenerator

  /// A data set drawn by `generator`.
  public init(generator: SceneGenerator) { self.generator = generator }

  private struct Line: Encodable {
    var fileName: String
    var text: String
    var scene: SceneDescription

    enum CodingKeys: String, CodingKey {
      case fileName = "file_name"
      case text, scene
    }
  }

  /// Writes `count` scenes with seeds `seed`, `seed + 1`, ... and `metadata.jsonl`.
  ///
  /// The folder appears under its name only when it is complete.
  /// - Parameters:
  ///   - directory: must not exist yet.
  ///   - progress: called after each picture with the number written so far.
  public func write(
    count: Int, seed: UInt64, to directory: URL, progress: (Int) -> Void = { _ in }
  ) throws(SceneDataError) {
    let files = FileManager.default
    guard !files.fileExists(atPath: directory.path) else {
      throw .unwritable(path: directory.path, reason: "it exists already")
    }
    let partial = directory.deletingLastPathComponent().appendingPathComponent(
      ".\(directory.lastPathComponent).\(ProcessInfo.processInfo.processIdentifier).partial")
    do {
      defer { try? files.removeItem(at: partial) }
      try files.createDirectory(at: partial, withIntermediateDirectories: true)
      let encoder = JSONEncoder()
      encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
      var lines = Data()
      for index in 0..<count {
        let scene = generator.scene(seed: seed &+ UInt64(index))
        let digits = String(index)
        let name = String(repeating: "0", count: max(0, 6 - digits.count)) + digits + ".png"
        try ImageFile.save(scene.image, to: partial.appendingPathComponent(name))
        lines += try encoder.encode(
          Line(fileName: name, text: scene.caption, scene: scene.description))
        lines.append(UInt8(ascii: "\n"))
        progress(index + 1)
      }
      try lines.write(to: partial.appendingPathComponent("metadata.jsonl"))
      try files.moveItem(at: partial, to: directory)
    } catch {
      throw .unwritable(path: directory.path, reason: "\(error)")
    }
  }
}
