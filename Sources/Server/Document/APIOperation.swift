/// One thing that can be asked, as `/openapi.json` describes it.
struct APIOperation: Sendable {
  enum Family: String, Sendable {
    case own = "imago"
    case webUI = "AUTOMATIC1111"
    case openAI = "OpenAI"
  }

  /// What a request's body is.
  enum Body: Sendable {
    case json(JSONValue)
    case form(JSONValue)
    case picture
  }

  /// What an answer's body is.
  enum Answer: Sendable {
    case json(JSONValue)
    case events
    case picture(String)
    case nothing
  }

  let method: String
  /// With names of parts in braces.
  let path: String
  let summary: String
  let family: Family
  var query: [(name: String, isRequired: Bool, schema: JSONValue, says: String)] = []
  var body: Body?
  var status = 200
  var answer: Answer
  /// Statuses besides those that every operation may have.
  var failures: [Int] = []

  init(
    _ method: String, _ path: String, _ summary: String, _ family: Family = .own, answer: Answer,
    status: Int = 200, body: Body? = nil, failures: [Int] = [],
    query: [(name: String, isRequired: Bool, schema: JSONValue, says: String)] = []
  ) {
    (self.method, self.path, self.summary, self.family) = (method, path, summary, family)
    (self.answer, self.status, self.body, self.failures, self.query) = (answer, status, body, failures, query)
  }

  /// Names of the path's parts.
  private var parts: [String] {
    path.split(separator: "/").compactMap { $0.hasPrefix("{") ? String($0.dropFirst().dropLast()) : nil }
  }

  /// As OpenAPI has it.
  var json: JSONValue {
    let places: [JSONValue] = parts.map { name in
      let schema: JSONValue =
        path.hasPrefix("/api/gallery/") && name == "id" ? ["type": "integer", "minimum": 1] : ["type": "string"]
      return ["name": .text(name), "in": "path", "required": true, "schema": schema]
    }
    let questions: [JSONValue] = query.map { item in
      [
        "name": .text(item.name), "in": "query", "required": .flag(item.isRequired), "schema": item.schema,
        "description": .text(item.says),
      ]
    }
    var object: [String: JSONValue] = [
      "summary": .text(summary), "tags": [.text(family.rawValue)], "parameters": .list(places + questions),
      "responses": .object(responses), "operationId": .text(name),
    ]
    if let body { object["requestBody"] = Self.json(body) }
    return .object(object)
  }

  private var name: String {
    let words = path.split { !$0.isLetter && !$0.isNumber }.joined(separator: "_")
    return "\(method)_\(words)"
  }

  private static func json(_ body: Body) -> JSONValue {
    switch body {
    case .json(let schema): ["required": true, "content": ["application/json": ["schema": schema]]]
    case .form(let schema): ["required": true, "content": ["multipart/form-data": ["schema": schema]]]
    case .picture:
      [
        "required": true,
        "content": [
          "image/png": ["schema": ["type": "string", "format": "binary"]],
          "image/jpeg": ["schema": ["type": "string", "format": "binary"]],
        ],
      ]
    }
  }

  private var responses: [String: JSONValue] {
    var responses: [String: JSONValue] = [:]
    switch answer {
    case .json(let schema):
      responses["\(status)"] = ["description": "Done", "content": ["application/json": ["schema": schema]]]
    case .events:
      responses["\(status)"] = [
        "description": "What happens, until it is over",
        "content": [
          "text/event-stream": [
            "schema": [
              "type": "object",
              "properties": ["event": ["type": "string"], "data": ["type": "string", "description": "JSON"]],
            ]
          ]
        ],
      ]
    case .picture(let type):
      responses["\(status)"] = [
        "description": "The picture", "content": [type: ["schema": ["type": "string", "format": "binary"]]].json,
      ]
    case .nothing: responses["\(status)"] = ["description": "Done"]
    }
    let usual = body == nil ? [401, 403] : [400, 401, 403, 413, 422, 503, 507]
    let error: JSONValue = ["$ref": .text("#/components/schemas/\(family.errorName)")]
    for failure in usual + failures {
      responses["\(failure)"] = [
        "description": .text(Self.reasons[failure] ?? "It cannot be done"),
        "content": ["application/json": ["schema": error]],
      ]
    }
    return responses
  }

  private static let reasons: [Int: String] = [
    400: "The body is not what its type says", 401: "The token is missing or wrong",
    403: "A page of another origin asks, or the server is called by a name that is not its own",
    404: "There is none of that name", 413: "The body is too long",
    415: "The body is of another type", 422: "A value cannot be had; the answer names it",
    503: "The server stops, or too much waits", 507: "The disk or the memory is full",
  ]
}

extension APIOperation.Family {
  var errorName: String {
    switch self {
    case .own: "Error"
    case .webUI: "WebUIError"
    case .openAI: "OpenAIError"
    }
  }
}

extension [String: JSONValue] {
  fileprivate var json: JSONValue { .object(self) }
}
