import Foundation
import Jobs

/// What bodies look like.
enum APISchemas {
  static func reference(_ name: String) -> JSONValue { ["$ref": .text("#/components/schemas/\(name)")] }

  static func list(_ name: String) -> JSONValue { ["type": "array", "items": reference(name)] }

  static let all: [String: JSONValue] = [
    "Settings": settings, "Error": error, "WebUIError": webUIError, "OpenAIError": openAIError, "Job": job,
    "Picture": [
      "type": "object", "required": ["index", "seed"],
      "properties": [
        "id": ["type": "integer", "description": "Its number in the gallery"], "index": ["type": "integer"],
        "seed": ["type": "string", "description": "A text, as JavaScript's numbers end at 2^53"],
      ],
    ],
    "Grid": [
      "type": "object", "additionalProperties": false, "required": ["x"],
      "properties": ["x": reference("Axis"), "y": reference("Axis")],
    ],
    "Axis": [
      "type": "object", "additionalProperties": false, "required": ["setting", "values"],
      "properties": [
        "setting": ["type": "string"],
        "values": ["type": "array", "items": ["type": ["string", "number", "boolean"]]],
      ],
    ],
    "NewJobs": newJobs,
  ]

  /// Base64 of a PNG or JPEG.
  static let base64: JSONValue = [
    "type": "string", "contentEncoding": "base64", "description": "A PNG or JPEG file in base64",
  ]

  private static let newJobs: JSONValue = [
    "type": "object", "additionalProperties": false,
    "properties": [
      "settings": reference("Settings"), "image": base64, "mask": base64,
      "count": ["type": "integer", "minimum": 1],
      "promptFile": ["type": "string", "description": "A prompt file: a job a line"], "grid": reference("Grid"),
    ], "anyOf": [["required": ["settings"]], ["required": ["promptFile"]]],
  ]

  private static let job: JSONValue = [
    "type": "object",
    "required": ["id", "state", "position", "step", "steps", "picture", "count", "prompt", "pictures"],
    "properties": [
      "id": ["type": "string"], "group": ["type": "string"],
      "state": ["enum": ["queued", "running", "done", "failed", "cancelled"]], "position": ["type": "integer"],
      "step": ["type": "integer"], "steps": ["type": "integer"], "picture": ["type": "integer"],
      "count": ["type": "integer"], "secondsLeft": ["type": "number"], "prompt": ["type": "string"],
      "pictures": list("Picture"), "notes": ["type": "array", "items": ["type": "string"]],
      "error": ["type": "object"], "created": ["type": "number"],
    ],
  ]

  private static let error: JSONValue = [
    "type": "object", "required": ["error"],
    "properties": [
      "error": [
        "type": "object", "required": ["message"],
        "properties": ["message": ["type": "string"], "setting": ["type": "string"], "kind": ["enum": ["memory"]]],
      ]
    ],
  ]

  private static let webUIError: JSONValue = [
    "type": "object", "required": ["detail"],
    "properties": [
      "detail": ["type": ["string", "array"]], "error": ["type": "string"], "errors": ["type": "string"],
    ],
  ]

  private static let openAIError: JSONValue = [
    "type": "object", "required": ["error"],
    "properties": [
      "error": [
        "type": "object", "required": ["message", "type", "param", "code"],
        "properties": [
          "message": ["type": "string"], "type": ["type": "string"], "param": ["type": ["string", "null"]],
          "code": ["type": ["string", "null"]],
        ],
      ]
    ],
  ]

  // MARK: - Settings

  /// Settings that name files, which no request does.
  static let fileSettings: Set<String> = ["init-image", "tokenizer", "mask-out", "styles-file", "file-name"]

  /// Every setting of a picture, from their table.
  static let settings: JSONValue = {
    var properties: [String: JSONValue] = [:]
    for setting in Setting.all where !fileSettings.contains(setting.name) {
      let key = setting.name.replacing("-", with: "_")
      properties[key] = ["type": types(setting), "description": .text(says(setting))]
      for alias in setting.aliases where properties[alias.name] == nil {
        properties[alias.name] = [
          "type": types(setting), "description": .text("\(key) by another program's name"),
        ]
      }
    }
    for name in ["batch_size", "n_iter"] {
      properties[name] = ["type": ["integer", "string", "null"], "description": "A factor of count"]
    }
    return ["type": "object", "additionalProperties": false, "properties": .object(properties)]
  }()

  private static func says(_ setting: Setting) -> String {
    switch setting.name {
    case "model", "vae": "The name of one that is served"
    case "lora": "NAME or NAME:WEIGHT of those that are served, one or several"
    case "embedding": "The name of a textual inversion that is served, or several"
    case "mask": "alpha: the picture's transparent parts; a mask of another kind is sent as mask of the request"
    default: setting.expects
    }
  }

  /// Types of JSON that a setting takes: its own, and a text as lines of prompt files have it.
  private static func types(_ setting: Setting) -> JSONValue {
    var job = PictureJob()
    guard let sample = setting.samples.first, (try? setting.set(sample, in: &job, isValue: true)) != nil,
      let data = try? JSONEncoder().encode(job),
      let value = try? JSONDecoder().decode([String: JSONValue].self, from: data).values.first
    else { return ["string", "null"] }
    return switch value {
    case .flag: ["boolean", "string", "null"]
    case .whole, .large: ["integer", "string", "null"]
    case .number: ["number", "string", "null"]
    case .list: ["array", "string", "null"]
    default: ["string", "null"]
    }
  }
}
