import Foundation
import Gallery
import Hummingbird
import Images

/// `/api/gallery` and `/api/read-settings`: pictures that were made, and what pictures say of themselves.
struct GalleryRoutes: Sendable {
  let gallery: Gallery

  func add(to router: some RouterMethods<ServerContext>) {
    router.get("/api/gallery") { request, _ in
      let search = try GallerySearch(request)
      return try await answer { try JSONAnswer(["pictures": search.pictures(of: gallery)]) }
    }
    router.get("/api/gallery/:id") { _, context in
      let id = try id(context)
      return try await answer { JSONAnswer(json: try gallery.details(of: id).json()) }
    }
    router.get("/api/gallery/:id/image") { _, context in
      let id = try id(context)
      return try await answer {
        let image = try gallery.image(of: id)
        return Self.picture(image.data, image.format)
      }
    }
    router.get("/api/gallery/:id/thumbnail") { _, context in
      let id = try id(context)
      return try await answer { Self.picture(try gallery.thumbnail(of: id), .jpeg) }
    }
    for kind in Gallery.Source.allCases {
      router.get("/api/gallery/:id/sources/\(kind.rawValue)") { _, context in
        let id = try id(context)
        return try await answer {
          let source = try gallery.source(kind, of: id)
          return Self.picture(source.data, source.format)
        }
      }
    }
    router.patch("/api/gallery/:id") { request, context in
      let id = try id(context)
      let change = try await request.body(of: GalleryChange.self, context)
      return try await answer {
        try gallery.setFavourite(change.favourite, of: id)
        return JSONAnswer(json: try gallery.details(of: id).json())
      }
    }
    router.delete("/api/gallery/:id") { _, context in
      let id = try id(context)
      return try await answer {
        try gallery.delete(id)
        return NoContent()
      }
    }
    router.post("/api/read-settings") { request, context in
      let bytes = try await request.bytes(context)
      let isText = request.headers[.contentType]?.hasPrefix("text/plain") == true
      return try await answer {
        let settings =
          isText
          ? try PictureSettings(infotext: String(decoding: bytes, as: UTF8.self))
          : try PictureSettings(picture: bytes)
        return JSONAnswer(json: try settings.json())
      }
    }
  }

  /// Works off the threads of connections; the gallery's errors become HTTP's.
  private func answer<Value: Sendable>(_ work: @escaping @Sendable () throws -> Value) async throws -> Value {
    try await Blocking.run {
      do { return try work() } catch let error as GalleryError { throw APIError(error) }
    }
  }

  private func id(_ context: ServerContext) throws -> Int64 {
    let text = context.parameters.get("id") ?? ""
    guard let id = Int64(text), id > 0 else {
      throw APIError(.notFound, "pictures have numbers: \(text.prefix(40)) is none")
    }
    return id
  }

  /// A picture's answer; numbers are never given twice, so that it may be kept for ever.
  private static func picture(_ data: Data, _ format: ImageError.Format) -> Response {
    Response(
      status: .ok,
      headers: [
        .contentType: format == .png ? "image/png" : "image/jpeg",
        .cacheControl: "private, max-age=31536000, immutable",
        .xContentTypeOptions: "nosniff",
      ], body: ResponseBody(byteBuffer: ByteBuffer(bytes: data)))
  }
}

/// What may be changed of a picture.
private struct GalleryChange: Decodable {
  let favourite: Bool

  enum CodingKeys: String, CodingKey, CaseIterable { case favourite }

  init(from decoder: any Decoder) throws {
    try decoder.refuseUnknown(CodingKeys.self)
    favourite = try decoder.container(keyedBy: CodingKeys.self).decode(Bool.self, forKey: .favourite)
  }
}

extension APIError {
  /// The gallery's errors in the words of HTTP.
  fileprivate init(_ error: GalleryError) {
    let status: HTTPResponse.Status =
      switch error {
      case .unknown, .noSource: .notFound
      case .unusable: .insufficientStorage
      case .noPicture, .noSettings: .unprocessableContent
      }
    self.init(status, "\(error)")
  }
}
