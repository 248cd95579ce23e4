extension APIDocument {
  private static let pictures: APIOperation.Answer = .json([
    "type": "object", "required": ["created", "data"],
    "properties": [
      "created": ["type": "integer"],
      "data": [
        "type": "array",
        "items": ["type": "object", "required": ["b64_json"], "properties": ["b64_json": APISchemas.base64]],
      ],
    ],
  ])

  /// OpenAI's images API.
  static let openAI: [APIOperation] = [
    APIOperation(
      "get", "/v1/models", "The models that are served", .openAI,
      answer: .json([
        "type": "object", "required": ["object", "data"],
        "properties": ["data": ["type": "array", "items": ["type": "object"]]],
      ])),
    APIOperation(
      "get", "/v1/models/{model}", "A model", .openAI, answer: .json(["type": "object", "required": ["id"]]),
      failures: [404]),
    APIOperation(
      "post", "/v1/images/generations", "Pictures from words", .openAI, answer: pictures,
      body: .json([
        "type": "object", "required": ["prompt"],
        "properties": [
          "prompt": ["type": "string"], "model": ["type": ["string", "null"]],
          "n": ["type": ["integer", "null"], "minimum": 1, "maximum": 10], "size": ["type": ["string", "null"]],
          "response_format": ["enum": ["b64_json", .null]], "output_format": ["enum": ["png", .null]],
        ],
      ])),
    APIOperation(
      "post", "/v1/images/edits", "A picture, painted anew where its mask is transparent", .openAI, answer: pictures,
      body: .form([
        "type": "object", "required": ["image", "prompt"],
        "properties": [
          "image": ["type": "string", "format": "binary"], "mask": ["type": "string", "format": "binary"],
          "prompt": ["type": "string"], "model": ["type": "string"], "n": ["type": "integer"],
          "size": ["type": "string"],
        ],
      ]), failures: [415]),
  ]
}
