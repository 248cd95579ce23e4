import DataSets
import Files
import Foundation
import Images
import SceneData

/// Writes drawn pictures as a folder that can be measured again.
public enum KeptDrawings {
  private struct Line: Encodable {
    let fileName, text: String
    let scene: SceneDescription?
    let label: String?

    enum CodingKeys: String, CodingKey {
      case fileName = "file_name"
      case text, scene, label
    }
  }

  /// Throws unless the folder is still to be made.
  public static func check(_ folder: URL) throws {
    if FileManager.default.fileExists(atPath: folder.path) {
      throw DataSetError.unwritable(path: folder.path, reason: "it exists already")
    }
  }

  /// Writes pictures, and `metadata.jsonl` with their texts and what is known of them. The folder appears when it is whole.
  public static func write(_ pictures: JudgedPictures, to folder: URL) throws {
    try check(folder)
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    do {
      let partial = try PartialFolder(folder.path)
      var lines = Data()
      for index in 0..<pictures.count {
        let name = NumberedName.padded(index, digits: 6) + ".png"
        try ImageFile.save(try pictures.image(index), to: partial.url.appendingPathComponent(name))
        let truth = pictures.truths[index]
        lines += try encoder.encode(
          Line(fileName: name, text: pictures.captions[index], scene: truth.scene, label: truth.answer("label")))
        lines.append(UInt8(ascii: "\n"))
      }
      try lines.write(to: partial.url.appendingPathComponent("metadata.jsonl"))
      try partial.finish()
    } catch let error as PartialError {
      throw DataSetError.unwritable(path: folder.path, reason: error.description)
    } catch let error as CocoaError {
      throw DataSetError.unwritable(path: folder.path, reason: FileFailure.reason(error))
    }
  }
}
