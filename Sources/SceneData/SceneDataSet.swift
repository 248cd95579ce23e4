import Files
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
    var figures: [SceneFigure]

    enum CodingKeys: String, CodingKey {
      case fileName = "file_name"
      case text, scene, figures
    }
  }

  /// Throws unless a data set's folder is still to be made.
  public static func check(_ directory: URL) throws(SceneDataError) {
    if FileManager.default.fileExists(atPath: directory.path) {
      throw .unwritable(path: directory.path, reason: "it exists already")
    }
  }

  /// Writes `count` scenes with seeds `seed`, `seed + 1`, ... and `metadata.jsonl`.
  ///
  /// The folder appears under its name only when it is complete.
  /// - Parameters:
  ///   - directory: must not exist yet.
  ///   - progress: called after each picture with the number written so far; throw to stop.
  public func write(
    count: Int, seed: UInt64, to directory: URL, progress: (Int) throws -> Void = { _ in }
  ) throws {
    try Self.check(directory)
    do {
      let partial = try PartialFolder(directory.path)
      let encoder = JSONEncoder()
      encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
      var lines = Data()
      for index in 0..<count {
        let scene = generator.scene(seed: seed &+ UInt64(index))
        let name = NumberedName.padded(index, digits: 6) + ".png"
        try ImageFile.save(scene.image, to: partial.url.appendingPathComponent(name))
        lines += try encoder.encode(
          Line(fileName: name, text: scene.caption, scene: scene.description, figures: scene.figures))
        lines.append(UInt8(ascii: "\n"))
        try progress(index + 1)
      }
      try lines.write(to: partial.url.appendingPathComponent("metadata.jsonl"))
      try partial.finish()
    } catch let error as PartialError {
      throw SceneDataError.unwritable(path: directory.path, reason: error.description)
    } catch let error as CocoaError {
      throw SceneDataError.unwritable(path: directory.path, reason: FileFailure.reason(error))
    }
  }
}
