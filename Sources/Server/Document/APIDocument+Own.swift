extension APIDocument {
  /// The server's own API.
  static let own: [APIOperation] = [
    APIOperation(
      "get", "/api/options", "What there is to choose from",
      answer: .json([
        "type": "object", "required": ["models", "samplers", "schedules", "loras", "embeddings", "styles"],
      ])),
    APIOperation(
      "post", "/api/explain", "What a prompt comes to: tokens, weights, mistakes",
      answer: .json(["type": "object", "required": ["tokens", "limit", "chunks", "spans", "problems"]]),
      body: .json([
        "type": "object", "additionalProperties": false, "required": ["prompt"],
        "properties": [
          "prompt": ["type": "string"], "negativePrompt": ["type": ["string", "null"]],
          "model": ["type": ["string", "null"]],
        ],
      ])),
    APIOperation(
      "post", "/api/jobs", "Asks for pictures: of settings, of a prompt file, or of a grid of two settings",
      answer: .json(["type": "object"]), status: 202, body: .json(APISchemas.reference("NewJobs"))),
    APIOperation(
      "get", "/api/jobs", "The jobs that wait, run, or ended lately",
      answer: .json([
        "type": "object", "required": ["jobs"], "properties": ["jobs": APISchemas.list("Job")],
      ])),
    APIOperation(
      "delete", "/api/jobs", "Cancels the jobs of a group",
      answer: .json([
        "type": "object", "required": ["jobs"], "properties": ["jobs": APISchemas.list("Job")],
      ]), failures: [404, 422], query: [("group", true, ["type": "string"], "As it was given with the jobs")]),
    APIOperation(
      "get", "/api/jobs/{id}", "How far a job is", answer: .json(APISchemas.reference("Job")), failures: [404]),
    APIOperation(
      "delete", "/api/jobs/{id}", "Cancels a job", answer: .json(APISchemas.reference("Job")), failures: [404]),
    APIOperation(
      "get", "/api/jobs/{id}/events", "What happens to a job, as it happens (server-sent events)", answer: .events,
      failures: [404]),
    APIOperation(
      "post", "/api/find-mask", "Where an edit by words would change a picture",
      answer: .json(["type": "object", "required": ["mask"], "properties": ["mask": APISchemas.base64]]),
      body: .json([
        "type": "object", "additionalProperties": false, "required": ["settings", "image"],
        "properties": ["settings": APISchemas.reference("Settings"), "image": APISchemas.base64],
      ])),
    APIOperation(
      "get", "/api/gallery", "Pictures that were made, the latest first",
      answer: .json([
        "type": "object", "required": ["pictures"],
        "properties": ["pictures": ["type": "array", "items": ["type": "object"]]],
      ]), failures: [422],
      query: [
        ("query", false, ["type": "string"], "Words of the prompt, the model or the seed"),
        ("favourite", false, ["type": "boolean"], "Whether only favourites"),
        ("before", false, ["type": "integer"], "Only pictures with lower numbers"),
        ("limit", false, ["type": "integer", "minimum": 1, "maximum": 200], "At most so many"),
      ]),
    APIOperation(
      "get", "/api/gallery/{id}", "A picture's settings", answer: .json(["type": "object"]), failures: [404]),
    APIOperation(
      "patch", "/api/gallery/{id}", "Marks a favourite", answer: .json(["type": "object"]),
      body: .json([
        "type": "object", "additionalProperties": false, "required": ["favourite"],
        "properties": ["favourite": ["type": "boolean"]],
      ]), failures: [404]),
    APIOperation("delete", "/api/gallery/{id}", "Deletes a picture", answer: .nothing, status: 204, failures: [404]),
    APIOperation(
      "get", "/api/gallery/{id}/image", "A picture's file", answer: .picture("image/png"), failures: [404]),
    APIOperation(
      "get", "/api/gallery/{id}/sources/image", "The picture another one was made from", answer: .picture("image/png"),
      failures: [404]),
    APIOperation(
      "get", "/api/gallery/{id}/sources/mask", "The mask it was changed under", answer: .picture("image/png"),
      failures: [404]),
    APIOperation(
      "get", "/api/gallery/{id}/thumbnail", "A picture, small", answer: .picture("image/jpeg"), failures: [404]),
    APIOperation(
      "post", "/api/read-settings", "The settings a picture carries, or a text (text/plain) that has them",
      answer: .json(["type": "object"]), body: .picture),
    APIOperation("get", "/openapi.json", "This document", answer: .json(["type": "object"])),
  ]
}
