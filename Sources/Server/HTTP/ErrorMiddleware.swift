import Hummingbird

/// Writes errors as the family of routes writes them: our own, AUTOMATIC1111's, OpenAI's.
struct ErrorMiddleware: RouterMiddleware {
  func handle(
    _ request: Request, context: ServerContext, next: (Request, ServerContext) async throws -> Response
  ) async throws -> Response {
    do {
      return try await next(request, context)
    } catch is CancellationError {
      // Nobody is there to read it.
      throw CancellationError()
    } catch {
      var failure = APIError(error, status: .internalServerError)
      let methods = failure.status == .notFound ? APIDocument.methods(of: request.uri.path) : []
      let isOther = !methods.isEmpty && !methods.contains(request.method.rawValue)
      let allowed = methods.joined(separator: ", ")
      if isOther { failure = APIError(.methodNotAllowed, "\(request.uri.path.prefix(80)) takes \(allowed)") }
      var response = try Self.response(failure, request, context)
      if isOther { response.headers[.allow] = allowed }
      return response
    }
  }

  /// The answer that says what went wrong.
  static func response(_ error: APIError, _ request: Request, _ context: ServerContext) throws -> Response {
    let path = request.uri.path
    var response =
      if path.hasPrefix("/sdapi/") {
        try JSONAnswer(WebUIErrorBody(error), status: error.status).response(from: request, context: context)
      } else if path.hasPrefix("/v1/") {
        try JSONAnswer(OpenAIErrorBody(error), status: error.status).response(from: request, context: context)
      } else {
        try JSONAnswer(["error": ErrorBody(error)], status: error.status).response(from: request, context: context)
      }
    if error.status == .unauthorized {
      // A browser that is offered Basic asks for a name and a password itself, over the page that asks for the token.
      response.headers[.wwwAuthenticate] =
        path.hasPrefix("/api/") ? #"Bearer realm="imago""# : #"Basic realm="imago", charset="UTF-8""#
    }
    if error.status == .serviceUnavailable { response.headers[.retryAfter] = "5" }
    // What is left of a body that is too long is not read.
    if error.status == .contentTooLarge { response.headers[.connection] = "close" }
    return response
  }
}

/// Our own errors.
private struct ErrorBody: Encodable {
  let message: String
  let setting: String?
  let kind: APIError.Kind?

  init(_ error: APIError) { (message, setting, kind) = (error.message, error.setting, error.kind) }
}
