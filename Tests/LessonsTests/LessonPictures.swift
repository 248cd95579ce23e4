import Foundation
import Images
import PipelineSupport

/// Six pictures of noise that a small pipeline learns from, and the pipeline's size brought down to theirs.
enum LessonPictures {
  static let side = 32

  /// - Returns: the pictures' folder.
  static func write(to scratch: ScratchPipeline) throws -> URL {
    let folder = scratch.file("pictures")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    for index in 0..<6 {
      try ImageFile.save(
        TestPictures.noise(width: side, height: side, seed: UInt64(index)),
        to: folder.appendingPathComponent("\(index).png"))
      try Data("picture \(index)".utf8).write(to: folder.appendingPathComponent("\(index).txt"))
    }
    let file = scratch.model.appendingPathComponent("unet/config.json")
    let config = try String(contentsOf: file, encoding: .utf8)
      .replacingOccurrences(of: "\"sample_size\": 32", with: "\"sample_size\": 16")
    try Data(config.utf8).write(to: file)
    return folder
  }
}
