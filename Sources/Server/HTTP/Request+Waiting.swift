import Hummingbird

extension Request {
  /// Answers a request that takes long. If the client goes away meanwhile, the work is cancelled.
  /// - Parameter work: given the body, decoded.
  func whileConnected<Body: Decodable & Sendable>(
    _ context: ServerContext, _ work: @Sendable (Body) async throws -> JSONAnswer
  ) async throws -> Response {
    try await whileConnected { body in
      try await work(try await body.json(Body.self, declared: self.declaredLength, budget: context.budget))
    }.closing(self, context)
  }

  /// Runs work that is cancelled if the client goes away.
  func whileConnected<Value: Sendable>(_ work: (RequestBody) async throws -> Value) async throws -> Value {
    // What goes wrong is told after the connection is nobody's any more.
    let outcome = try await body.consumeWithCancellationOnInboundClose { body -> Result<Value, any Error> in
      do { return .success(try await work(body)) } catch { return .failure(error) }
    }
    return try outcome.get()
  }

  /// The body's length as the headers have it.
  var declaredLength: Int? { headers[.contentLength].flatMap { Int($0) } }
}

extension JSONAnswer {
  /// The connection was watched for its end, so that it cannot go on.
  func closing(_ request: Request, _ context: ServerContext) -> Response {
    var response = response(from: request, context: context)
    response.headers[.connection] = "close"
    return response
  }
}
