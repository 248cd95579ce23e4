import Foundation
import Hummingbird
import Jobs

/// `/api/find-mask`: where an edit by words would change a picture.
struct MaskRoutes: Sendable {
  let desk: JobDesk

  /// What is asked: settings with the words, and the picture.
  struct Asked: Decodable, Sendable {
    let settings: PictureJob
    let image: Data

    enum CodingKeys: String, CodingKey, CaseIterable { case settings, image }

    init(from decoder: any Decoder) throws {
      try decoder.refuseUnknown(CodingKeys.self)
      let container = try decoder.container(keyedBy: CodingKeys.self)
      settings = try container.decode(PictureJob.self, forKey: .settings)
      image = try Base64Picture.data(try container.decode(String.self, forKey: .image), "image")
    }
  }

  func add(to router: some RouterMethods<ServerContext>) {
    router.post("/api/find-mask") { request, context in
      try await request.whileConnected(context) { (asked: Asked) in
        guard asked.settings.edit.findsMask else {
          throw APIError(.unprocessableContent, "edit is missing: it says what the picture is to show", setting: "edit")
        }
        var settings = asked.settings
        settings.count = 1
        let job = try await desk.make([JobDesk.Asked(settings: settings, image: asked.image)], .mask)[0]
        defer { job.forgetFiles() }
        let state = job.read { $0 }
        if let failure = state.failure { throw failure }
        guard let mask = state.mask else {
          throw APIError(.unprocessableContent, "this model follows instructions and finds no mask", setting: "model")
        }
        return try JSONAnswer(["mask": mask.base64EncodedString()])
      }
    }
  }
}
