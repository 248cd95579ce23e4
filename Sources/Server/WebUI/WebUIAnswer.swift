import Foundation
import Generation
import Images
import Jobs

/// What `txt2img` and `img2img` answer: pictures, what was asked for, and a text of JSON that says how they were made.
struct WebUIAnswer: Encodable {
  let images: [String]
  let parameters: [String: JSONValue]
  let info: String

  /// - Parameter job: over.
  /// - Throws: `APIError` if it failed.
  init(_ job: ServedJob, _ picture: WebUIPicture, version: String) throws {
    let state = job.read { $0 }
    if let failure = state.failure { throw failure }
    let files = state.files.sorted { $0.index < $1.index }
    images = picture.sends ? files.map { $0.png.base64EncodedString() } : []
    parameters = picture.echo
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    info = String(
      decoding: try encoder.encode(WebUIInfo.values(job, files, batchSize: picture.batchSize, version)), as: UTF8.self)
  }

  func json() throws -> JSONAnswer { try JSONAnswer(self) }
}
