import Hummingbird

/// An error as AUTOMATIC1111 writes it: FastAPI's list of places for what is wrong with the request, one text for the rest.
struct WebUIErrorBody: Encodable {
  private struct Place: Encodable {
    let loc: [String]
    let msg: String
    let type: String
  }

  private let error: APIError

  init(_ error: APIError) { self.error = error }

  private enum Key: CodingKey { case detail, error, body, errors }

  func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: Key.self)
    if error.status == .unprocessableContent {
      let place = Place(loc: ["body"] + (error.setting.map { [$0] } ?? []), msg: error.message, type: "value_error")
      return try container.encode([place], forKey: .detail)
    }
    try container.encode(error.message, forKey: .detail)
    guard error.status.kind == .serverError else { return }
    // What its handler of exceptions writes.
    try container.encode(error.kind == .memory ? "OutOfMemoryError" : "RuntimeError", forKey: .error)
    try container.encode("", forKey: .body)
    try container.encode(error.message, forKey: .errors)
  }
}
