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

  /// Writes a folder of scenes and `metadata.jsonl`.
  ///
  /// The folder appears under its name only when it is complete.
  /// - Parameters:
  ///   - directory: must not exist yet.
  ///   - draw: makes the pictures of that folder by ``draw(_:seed:into:progress:)``, and gives what that returns.
  public func write(to directory: URL, _ draw: (_ folder: URL) throws -> Data) throws {
    try Self.check(directory)
    try Self.telling(directory) {
      let partial = try PartialFolder(directory.path)
      try draw(partial.url).write(to: partial.url.appendingPathComponent("metadata.jsonl"))
      try partial.finish()
    }
  }

  /// Draws some of a set's scenes; scene `i` has seed `seed + i`.
  /// - Parameters:
  ///   - folder: where the pictures go.
  ///   - progress: called after each picture with the number written so far; throw to stop.
  /// - Returns: their lines of `metadata.jsonl`.
  public func draw(
    _ scenes: Range<Int>, seed: UInt64, into folder: URL, progress: (Int) throws -> Void = { _ in }
  ) throws -> Data {
    try Self.telling(folder) {
      let encoder = JSONEncoder()
      encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
      var lines = Data()
      for index in scenes {
        let scene = generator.scene(seed: seed &+ UInt64(index))
        let name = NumberedName.padded(index, digits: 6) + ".png"
        try ImageFile.save(scene.image, to: folder.appendingPathComponent(name))
        lines += try encoder.encode(
          Line(fileName: name, text: scene.caption, scene: scene.description, figures: scene.figures))
        lines.append(UInt8(ascii: "\n"))
        try progress(index - scenes.lowerBound + 1)
      }
      return lines
    }
  }

  /// Says of a failure which folder it was.
  private static func telling<R>(_ directory: URL, _ work: () throws -> R) throws -> R {
    do {
      return try work()
    } catch let error as PartialError {
      throw SceneDataError.unwritable(path: directory.path, reason: error.description)
    } catch let error as CocoaError {
      throw SceneDataError.unwritable(path: directory.path, reason: FileFailure.reason(error))
    }
  }
}
