import Images

/// Ways to enlarge a finished picture, under AUTOMATIC1111's names.
enum WebUIUpscaler: String, CaseIterable {
  case none = "None"
  case lanczos = "Lanczos"
  case nearest = "Nearest"

  /// As `/sdapi/v1/upscalers` lists it.
  var description: JSONValue {
    .object([
      "name": .text(rawValue), "model_name": .null, "model_path": .null, "model_url": .null, "scale": .whole(4),
    ])
  }

  /// A picture of another size.
  func resized(_ image: Image, width: Int, height: Int) -> Image {
    switch self {
    case .none, .lanczos: image.resized(width: width, height: height, filter: .lanczos3)
    case .nearest: image.resized(width: width, height: height, filter: .nearest)
    }
  }
}
