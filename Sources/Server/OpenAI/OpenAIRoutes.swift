import Foundation
import Hummingbird
import Jobs
import ModelFiles
import NIOCore

/// OpenAI's images API, as its clients speak it: `/v1/images/generations`, `/v1/images/edits`, `/v1/models`.
struct OpenAIRoutes: Sendable {
  let server: PictureServer

  func add(to router: some RouterMethods<ServerContext>) {
    router.get("/v1/models") { _, _ in
      let models = try await Blocking.run { server.desk.folders.files().models.map { Self.model($0) } }
      return try JSONAnswer(["object": JSONValue.text("list"), "data": .list(models)])
    }
    router.get("/v1/models/:model") { _, context in
      let name = context.parameters.get("model") ?? ""
      let entry = try await Blocking.run { ServedFiles.find(name, in: server.desk.folders.files().models) }
      guard let entry else {
        throw APIError(.notFound, "The model '\(name.prefix(80))' does not exist", setting: "model")
      }
      return try JSONAnswer(Self.model(entry))
    }
    router.post("/v1/images/generations") { request, context in
      try await request.whileConnected(context) { (fields: OpenAIFields) in
        try await make(try OpenAIPicture(fields, image: nil, mask: nil))
      }
    }
    router.post("/v1/images/edits") { request, context in
      let type = request.headers[.contentType] ?? ""
      let length = request.declaredLength
      return try await request.whileConnected { body in
        let data = try await body.data(declared: length, budget: context.budget)
        let form = try await Blocking.run { try MultipartForm(data, type: type) }
        return try await make(try OpenAIPicture(form))
      }.closing(request, context)
    }
  }

  private func make(_ picture: OpenAIPicture) async throws -> JSONAnswer {
    let job = try await server.desk.make([picture.asked], .openAI)[0]
    defer { job.forgetFiles() }
    let state = job.read { $0 }
    if let failure = state.failure { throw failure }
    let pictures = state.files.sorted { $0.index < $1.index }.map { file in
      JSONValue.object(["b64_json": .text(file.png.base64EncodedString())])
    }
    return try JSONAnswer([
      "created": JSONValue.whole(Int64(job.created.timeIntervalSince1970)), "data": .list(pictures),
    ])
  }

  private static func model(_ entry: ServedFiles.Entry) -> JSONValue {
    .object([
      "id": .text(entry.name), "object": .text("model"), "created": .whole(0), "owned_by": .text("imago"),
    ])
  }
}
