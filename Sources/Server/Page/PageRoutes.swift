import Foundation
import HTTPTypes
import Hummingbird

/// `/` and `/assets`: the page. Its files are read once, so that no request's path reaches the disk.
struct PageRoutes: Sendable {
  private let folder: URL
  private let files: [String: PageFile]

  /// - Parameter folder: has `index.html` and what it asks for.
  init(folder: URL) {
    self.folder = folder
    files = PageFile.all(in: folder)
  }

  func add(to router: some RouterMethods<ServerContext>) {
    router.get("/") { request, _ in try answer("index.html", request) }
    router.get("/assets/**") { request, context in
      try answer(context.parameters.getCatchAll().joined(separator: "/"), request)
    }
  }

  /// What the page may do: load nothing from elsewhere, and be shown in no frame of others.
  private static let policy =
    "default-src 'self'; img-src 'self' data: blob:; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"

  private func answer(_ name: String, _ request: Request) throws -> Response {
    guard let file = files[name] else {
      let reason = files.isEmpty ? ": the page's files are not in \(folder.path); install imago again" : ""
      throw APIError(.notFound, "there is no file of that name\(reason)")
    }
    let headers: HTTPFields = [
      .contentType: file.type, .eTag: file.tag, .cacheControl: "no-cache", .xContentTypeOptions: "nosniff",
      .contentSecurityPolicy: Self.policy,
    ]
    guard request.headers[.ifNoneMatch] != file.tag else { return Response(status: .notModified, headers: headers) }
    return Response(status: .ok, headers: headers, body: ResponseBody(byteBuffer: ByteBuffer(bytes: file.data)))
  }
}
