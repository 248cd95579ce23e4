extension APIDocument {
  private static let training: JSONValue = ["type": "object", "required": ["id", "name", "state", "step", "steps"]]

  /// LoRA training.
  static let trainings: [APIOperation] = [
    APIOperation(
      "post", "/api/trainings", "Trains a LoRA on pictures", answer: .json(["type": "object", "required": ["id"]]),
      status: 202,
      body: .json([
        "type": "object", "additionalProperties": false, "required": ["name", "kind", "pictures"],
        "properties": [
          "name": ["type": "string", "pattern": "^[A-Za-z0-9_-]{1,64}$"], "kind": ["enum": ["style", "subject"]],
          "trigger": ["type": ["string", "null"]], "class": ["type": ["string", "null"]],
          "steps": ["type": ["integer", "null"], "minimum": 1, "maximum": 100_000],
          "rank": ["type": ["integer", "null"], "minimum": 1, "maximum": 1024],
          "rate": ["type": ["number", "null"], "exclusiveMinimum": 0, "maximum": 1],
          "resolution": ["type": ["integer", "null"], "minimum": 16, "maximum": 4096],
          "samplePrompt": ["type": ["string", "null"]], "model": ["type": ["string", "null"]],
          "pictures": [
            "type": "array", "minItems": 1, "maxItems": 500,
            "items": [
              "type": "object", "additionalProperties": false, "required": ["image"],
              "properties": [
                "name": ["type": ["string", "null"]], "image": APISchemas.base64,
                "caption": ["type": ["string", "null"]],
              ],
            ],
          ],
        ],
      ]), failures: [409]),
    APIOperation(
      "get", "/api/trainings", "The trainings",
      answer: .json([
        "type": "object", "required": ["trainings"], "properties": ["trainings": ["type": "array", "items": training]],
      ])),
    APIOperation(
      "get", "/api/trainings/{id}", "How far a training is, its losses and samples", answer: .json(training),
      failures: [404]),
    APIOperation("delete", "/api/trainings/{id}", "Stops a training", answer: .json(training), failures: [404]),
    APIOperation(
      "get", "/api/trainings/{id}/events", "What happens to a training, as it happens (server-sent events)",
      answer: .events, failures: [404]),
    APIOperation(
      "get", "/api/trainings/{id}/samples/{number}", "A picture that was drawn on the way",
      answer: .picture("image/png"),
      failures: [404]),
  ]
}
