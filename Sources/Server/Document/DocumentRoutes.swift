import Hummingbird

/// `/openapi.json`.
struct DocumentRoutes: Sendable {
  let version: String

  func add(to router: some RouterMethods<ServerContext>) {
    router.get("/openapi.json") { _, _ in try JSONAnswer(APIDocument.json(version: version)) }
  }
}
