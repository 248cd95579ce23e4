import Foundation
import Images
import Jobs

/// What the database is told of a new picture.
struct PictureRow {
  var made = Date.now.timeIntervalSince1970
  let job: String
  let index: Int
  let width, height: Int
  let prompt, negative: String
  let model, seed: String?
  let settings, infotext: String

  init(record: PictureJob, infotext: String, job: String, index: Int, header: ImageHeader) throws {
    let shared = SharedSettings(record)
    (self.job, self.index, self.infotext) = (job, index, infotext)
    (width, height) = (header.width, header.height)
    (prompt, negative) = (record.prompt ?? "", record.negativePrompt ?? "")
    (model, seed) = (shared.job.model, record.seed.map { "\($0)" })
    settings = try shared.json()
  }
}
