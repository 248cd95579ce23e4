import Foundation
import Images
import Jobs

/// The settings that a picture's metadata holds, read without looking for any of the files it names.
package struct PictureSettings: Sendable {
  /// What can be asked for again.
  package let settings: SharedSettings
  /// The text as the picture has it.
  package let infotext: String
  /// What of it cannot be had, one line each.
  package let notes: [String]

  /// Reads a PNG's or JPEG's content.
  /// - Throws: `GalleryError.noPicture`, `GalleryError.noSettings`.
  package init(picture: Data) throws(GalleryError) {
    let text: [PNG.Text]
    do {
      switch try ImageHeader(picture).format {
      case .png: text = try PNG.decodeWithText(picture).text
      case .jpeg: text = try JPEG.decodeWithText(picture).userComment.map { [(ImageFile.parametersKey, $0)] } ?? []
      }
    } catch { throw .noPicture(reason: "\(error)") }
    guard let infotext = text.first(where: { $0.key == ImageFile.parametersKey })?.value else {
      throw .noSettings(reason: "the picture holds no generation parameters: programs that share pictures remove them")
    }
    try self.init(infotext: infotext)
  }

  /// Reads the text.
  /// - Throws: `GalleryError.noSettings`.
  package init(infotext: String) throws(GalleryError) {
    var parameters = GenerationParameters(parsing: infotext)
    let model = parameters["Model"]
    let (adapters, embeddings) = (Self.names(parameters["Adapters"]), Self.names(parameters["Embeddings"]))
    // Nothing that a request names is looked up among files.
    for key in Infotext.fileKeys { parameters[key] = nil }
    let origin: PictureOrigin
    do { origin = try PictureOrigin(parameters, path: "the picture", locator: nil) } catch {
      throw .noSettings(reason: "\(error)")
    }
    var job = origin.job
    (job.model, job.loras, job.embeddings) = (model, adapters, embeddings)
    (settings, self.infotext, notes) = (SharedSettings(job), infotext, origin.notes)
  }

  /// What the page reads.
  package func json() throws -> String {
    let encoder = JSONEncoder()
    let infotext = String(decoding: try encoder.encode(infotext), as: UTF8.self)
    let notes = String(decoding: try encoder.encode(notes), as: UTF8.self)
    return "{\"settings\":\(try settings.json()),\"infotext\":\(infotext),\"notes\":\(notes)}"
  }

  private static func names(_ field: String?) -> [String]? {
    field.map { NamedFiles(namesField: $0, hashesField: nil).names }.flatMap { $0.isEmpty ? nil : $0 }
  }
}
