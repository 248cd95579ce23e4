import Foundation
import Hummingbird
import Images

/// AUTOMATIC1111's `extra-single-image`, `extra-batch-images` and `png-info`: what is done with finished pictures.
struct WebUIExtraRoutes: Sendable {
  func add(to router: some RouterMethods<ServerContext>) {
    router.post("/sdapi/v1/extra-single-image") { request, context in
      var fields = try await request.body(of: WebUIFields.self, context)
      let image = try fields.text("image") ?? ""
      let work = try WebUIEnlargement(&fields)
      try fields.finish()
      let png = try await Blocking.run { try work.apply(to: image, "image") }
      return try JSONAnswer(["html_info": JSONValue.text(work.summary), "image": work.shows ? .text(png) : .null])
    }
    router.post("/sdapi/v1/extra-batch-images") { request, context in
      var fields = try await request.body(of: WebUIFields.self, context)
      let images = try Self.list(&fields)
      let work = try WebUIEnlargement(&fields)
      try fields.finish()
      let pngs = try await Blocking.run { try images.map { try work.apply(to: $0, "imageList") } }
      return try JSONAnswer([
        "html_info": JSONValue.text(work.summary), "images": .list(work.shows ? pngs.map { .text($0) } : []),
      ])
    }
    router.post("/sdapi/v1/png-info") { request, context in
      var fields = try await request.body(of: WebUIFields.self, context)
      let image = try fields.text("image") ?? ""
      try fields.finish()
      return try JSONAnswer(try await Blocking.run { try Self.info(of: image) })
    }
  }

  /// Pictures of a batch.
  private static func list(_ fields: inout WebUIFields) throws(APIError) -> [String] {
    guard case .list(let items)? = fields.take("imageList") else {
      throw fields.refusal("imageList", "must be a list of pictures")
    }
    var images: [String] = []
    for item in items {
      guard case .object(let object) = item, case .text(let data)? = object["data"] else {
        throw fields.refusal("imageList", "must be a list of objects with data and name")
      }
      images.append(data)
    }
    return images
  }

  /// The settings a picture carries.
  private static func info(of image: String) throws -> [String: JSONValue] {
    let data = PictureData(try Base64Picture.data(image, "image"))
    let text: [PNG.Text]
    do { text = try data.text() } catch { throw APIError(.unprocessableContent, "image: \(error)", setting: "image") }
    let info = text.first { $0.key == ImageFile.parametersKey }?.value ?? ""
    let parameters = GenerationParameters(parsing: info)
    let prompts = [("Prompt", parameters.prompt), ("Negative prompt", parameters.negativePrompt)]
    let fields = info.isEmpty ? [] : prompts + parameters.fields.map { ($0.key, $0.value) }
    func object(_ pairs: [(String, String)]) -> JSONValue {
      .object(Dictionary(pairs.map { ($0.0, JSONValue.text($0.1)) }, uniquingKeysWith: { first, _ in first }))
    }
    return ["info": .text(info), "items": object(text.map { ($0.key, $0.value) }), "parameters": object(fields)]
  }
}

/// How a finished picture is enlarged.
struct WebUIEnlargement: Sendable {
  private let upscaler: WebUIUpscaler
  private let isToSize, crops: Bool
  private let factor: Double
  private let size: (width: Int, height: Int)
  let shows: Bool

  init(_ fields: inout WebUIFields) throws(APIError) {
    let mode = try fields.whole("resize_mode") ?? 0
    guard [0, 1].contains(mode) else { throw fields.refusal("resize_mode", "must be 0 or 1") }
    isToSize = mode == 1
    factor = try fields.number("upscaling_resize") ?? 2
    guard factor > 0, factor <= 16 else { throw fields.refusal("upscaling_resize", "must be above 0 and at most 16") }
    size = (try fields.whole("upscaling_resize_w") ?? 512, try fields.whole("upscaling_resize_h") ?? 512)
    guard (1...16384).contains(size.width), (1...16384).contains(size.height) else {
      throw fields.refusal("upscaling_resize_w", "must be 1 to 16384, the height too")
    }
    crops = try fields.flag("upscaling_crop") ?? true
    shows = try fields.flag("show_extras_results") ?? true
    let name = try fields.text("upscaler_1") ?? "None"
    guard let upscaler = WebUIUpscaler(rawValue: name) else {
      let known = WebUIUpscaler.allCases.map(\.rawValue).joined(separator: ", ")
      throw fields.refusal("upscaler_1", "\(name.prefix(60)) is not in this version; there are \(known)")
    }
    self.upscaler = upscaler
    let second = try fields.number("extras_upscaler_2_visibility") ?? 0
    if second > 0 { throw fields.refusal("extras_upscaler_2_visibility", "is not in this version; leave it out") }
    fields.ignore("upscaler_2", "codeformer_weight", "upscale_first")
    try fields.only("gfpgan_visibility", [0])
    try fields.only("codeformer_visibility", [0])
  }

  /// What is said of it.
  var summary: String { upscaler == .none ? "" : "Postprocess upscaler: \(upscaler.rawValue)" }

  /// Enlarges a picture; without an upscaler it stays as it is, as in AUTOMATIC1111.
  func apply(to text: String, _ setting: String) throws -> String {
    do {
      let data = try Base64Picture.data(text, setting)
      let image = try PictureData(data).image()
      guard upscaler != .none else { return Data(try PNG.encode(image)).base64EncodedString() }
      let scale =
        isToSize
        ? max(Double(size.width) / Double(image.width), Double(size.height) / Double(image.height)) : factor
      func side(_ side: Int) -> Int { max(Int((Double(side) * scale).rounded()), 1) }
      let (width, height) = (side(image.width), side(image.height))
      guard width <= 16384, height <= 16384, width * height <= PNG.pixelLimit / 4 else {
        throw APIError(.unprocessableContent, "\(width)×\(height) pixels are too many", setting: "upscaling_resize")
      }
      var large = upscaler.resized(image, width: width, height: height)
      if isToSize, crops {
        large = large.cropped(
          x: max((width - size.width) / 2, 0), y: max((height - size.height) / 2, 0), width: min(size.width, width),
          height: min(size.height, height))
      }
      return Data(try PNG.encode(large)).base64EncodedString()
    } catch let error as ImageError {
      throw APIError(.unprocessableContent, "\(setting): \(error)", setting: setting)
    }
  }
}
