import Foundation
import Hummingbird

/// An answer in JSON.
package struct JSONAnswer: ResponseGenerator, Sendable {
  private let status: HTTPResponse.Status
  private let data: Data

  /// - Throws: what encoding throws.
  package init(_ value: some Encodable, status: HTTPResponse.Status = .ok) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    (data, self.status) = (try encoder.encode(value), status)
  }

  /// - Parameter json: the answer as it is sent.
  package init(json: String) { (data, status) = (Data(json.utf8), .ok) }

  package func response(from request: Request, context: some RequestContext) -> Response {
    Response(
      status: status, headers: [.contentType: "application/json; charset=utf-8", .cacheControl: "no-store"],
      body: ResponseBody(byteBuffer: ByteBuffer(bytes: data)))
  }
}

/// The answer without a body.
package struct NoContent: ResponseGenerator, Sendable {
  package init() {}

  package func response(from request: Request, context: some RequestContext) -> Response {
    Response(status: .noContent)
  }
}
