import Gallery
import Hummingbird

/// The query of `GET /api/gallery`.
struct GallerySearch: Sendable {
  private let query: String
  private let favourite: Bool
  private let before: Int64?
  private let limit: Int

  /// - Throws: `APIError` for a value that is none, and for a name that is not known.
  init(_ request: Request) throws(APIError) {
    var values: [String: String] = [:]
    for (name, value) in request.uri.queryParameters {
      guard ["query", "favourite", "before", "limit"].contains(String(name)) else {
        throw APIError(.unprocessableContent, "\(name.prefix(40)) is not known here", setting: String(name.prefix(40)))
      }
      values[String(name)] = String(value)
    }
    query = values["query"] ?? ""
    favourite = try Self.read(values["favourite"], "favourite", "true or false") { Bool($0) } ?? false
    before = try Self.read(values["before"], "before", "a picture's number") { Int64($0) }
    limit =
      try Self.read(values["limit"], "limit", "a whole number from 1 to \(Gallery.pageLimit)") { text in
        Int(text).flatMap { (1...Gallery.pageLimit).contains($0) ? $0 : nil }
      } ?? 60
  }

  func pictures(of gallery: Gallery) throws -> [GalleryPicture] {
    try gallery.pictures(query: query, favourite: favourite, before: before, limit: limit)
  }

  private static func read<Value>(
    _ text: String?, _ name: String, _ expected: String, _ read: (String) -> Value?
  ) throws(APIError) -> Value? {
    guard let text, !text.isEmpty else { return nil }
    guard let value = read(text) else {
      throw APIError(.unprocessableContent, "\(name) must be \(expected)", setting: name)
    }
    return value
  }
}
