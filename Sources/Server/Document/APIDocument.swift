/// `/openapi.json`: what the server speaks, by OpenAPI 3.1. The methods that a path has are told from it too.
struct APIDocument: Sendable {
  static let operations = own + trainings + webUIPictures + webUILists + openAI

  /// The document.
  static func json(version: String) -> JSONValue {
    var paths: [String: [String: JSONValue]] = [:]
    for operation in operations { paths[operation.path, default: [:]][operation.method] = operation.json }
    return [
      "openapi": "3.1.0",
      "info": [
        "title": "imago", "version": .text(version),
        "description": "Pictures from words: an API of its own, AUTOMATIC1111's, and OpenAI's images API.",
      ], "paths": .object(paths.mapValues { .object($0) }),
      "components": [
        "schemas": .object(APISchemas.all),
        "securitySchemes": [
          "bearer": ["type": "http", "scheme": "bearer"], "basic": ["type": "http", "scheme": "basic"],
        ],
      ], "security": [[:], ["bearer": []], ["basic": []]],
    ]
  }

  /// The methods that a path can be asked with; none for one that is not there.
  static func methods(of path: String) -> [String] {
    let asked = path.split(separator: "/", omittingEmptySubsequences: true)
    let found = operations.filter { operation in
      let parts = operation.path.split(separator: "/")
      return parts.count == asked.count && zip(parts, asked).allSatisfy { $0.hasPrefix("{") || $0 == $1 }
    }
    // A path that is named wins over one whose part stands for anything.
    let named = found.filter { !$0.path.contains("{") }
    return (named.isEmpty ? found : named).map { $0.method.uppercased() }
  }
}
