import Foundation
import GRDB

/// A picture of the gallery and what is known of it. Its JSON is what the page reads.
package struct GalleryPicture: Codable, Sendable, Equatable, FetchableRecord {
  /// Its number; later pictures have higher ones, and none is given twice.
  package var id: Int64
  /// When it was made, in seconds since 1970.
  package var made: Double
  /// The job that made it.
  package var job: String
  package var width, height: Int
  package var prompt, negative: String
  package var model: String?
  /// As text: JavaScript's numbers end at 2⁵³.
  package var seed: String?
  package var isFavourite: Bool

  /// Columns of the table that hold these.
  static let columns = "id, made, job, width, height, prompt, negative, model, seed, favourite"

  private enum CodingKeys: String, CodingKey {
    case id, made, job, width, height, prompt, negative, model, seed
    case isFavourite = "favourite"
  }
}

/// A picture with all of its settings.
package struct GalleryPictureDetails: Sendable, Equatable {
  package var picture: GalleryPicture
  /// JSON of a `PictureJob` whose files are named without their folders and whose seeds are texts.
  package var settings: String
  /// As its metadata has them.
  package var infotext: String
  /// What is kept of what it was made from: `image`, `mask`.
  package var sources: [String]

  /// What the page reads: the picture's own values with `settings`, `infotext` and `sources` beside them.
  package func json() throws -> String {
    let encoder = JSONEncoder()
    let values = String(decoding: try encoder.encode(picture), as: UTF8.self).dropLast()
    let infotext = String(decoding: try encoder.encode(infotext), as: UTF8.self)
    let sources = String(decoding: try encoder.encode(sources), as: UTF8.self)
    return "\(values),\"settings\":\(settings),\"infotext\":\(infotext),\"sources\":\(sources)}"
  }
}
