import Foundation
import Generation
import Images
import Jobs

/// The fields of a request in JSON.
typealias OpenAIFields = WebUIFields

/// A request for pictures as a job.
struct OpenAIPicture: Sendable {
  private(set) var asked: JobDesk.Asked

  /// - Throws: `APIError` for what cannot be had.
  init(_ sent: OpenAIFields, image: Data?, mask: Data?) throws(APIError) {
    var fields = sent
    var job = PictureJob()
    guard let prompt = try fields.text("prompt") else { throw fields.refusal("prompt", "is missing") }
    job.prompt = prompt
    // Clients name a model of OpenAI's where they are not told of another one.
    if let model = try fields.text("model"), !Self.isOfOpenAI(model) { job.model = model }
    let count = try fields.whole("n") ?? 1
    guard (1...10).contains(count) else { throw fields.refusal("n", "must be 1 to 10") }
    job.count = count
    if let size = try fields.text("size"), size != "auto" {
      guard let sides = GenerationParameters.sides(size) else {
        throw fields.refusal("size", "must be WIDTHxHEIGHT, such as 512x512")
      }
      (job.width, job.height) = (sides.width, sides.height)
    }
    if let format = try fields.text("response_format"), format != "b64_json" {
      throw fields.refusal("response_format", "must be b64_json: pictures are part of the answer")
    }
    if let format = try fields.text("output_format"), format != "png" {
      throw fields.refusal("output_format", "must be png")
    }
    try fields.only("background", [], or: ["auto", "opaque"])
    try fields.only("moderation", [], or: ["auto", "low"])
    try fields.only("quality", [], or: ["auto", "standard"])
    try fields.only("style", [])
    try fields.only("output_compression", [100])
    try fields.only("partial_images", [0])
    fields.ignore("user")
    try fields.finish()
    if image != nil { (job.edit.strength, job.edit.resize) = (mask == nil ? nil : 1, nil) }
    asked = JobDesk.Asked(settings: job, image: image, mask: mask)
  }

  /// An edit: a picture, and what of it is to be painted anew.
  init(_ form: MultipartForm) throws {
    guard let image = form.files["image"] ?? form.files["image[]"] else {
      throw APIError(.unprocessableContent, "image is missing", setting: "image")
    }
    guard image.count == 1 else {
      throw APIError(.unprocessableContent, "image: one picture is edited at a time", setting: "image")
    }
    if let name = form.files.keys.sorted().first(where: { !["image", "image[]", "mask"].contains($0) }) {
      throw APIError(.unprocessableContent, "\(name) is not known here", setting: name)
    }
    var fields: [String: JSONValue] = form.texts.mapValues { .text($0) }
    if case .text(let count)? = fields["n"] { fields["n"] = Int64(count).map { .whole($0) } ?? .text(count) }
    let mask = try form.files["mask"]?.first.map { try Self.mask($0) }
    try self.init(OpenAIFields(fields), image: image[0], mask: mask)
    // Without a mask of its own the picture's transparent parts are painted, if it has any.
    if mask == nil, try Self.hasTransparency(image[0]) {
      (asked.settings.edit.mask, asked.settings.edit.strength) = (EditJob.alphaMask, 1)
    }
  }

  private static func isOfOpenAI(_ model: String) -> Bool {
    model.hasPrefix("dall-e") || model.hasPrefix("gpt-image") || model.hasPrefix("chatgpt-image")
  }

  /// OpenAI's masks are transparent where the picture is painted; ours are white there.
  private static func mask(_ data: Data) throws -> Data {
    do {
      let image = try PictureData(data).image()
      guard image.channels.isMultiple(of: 2) else { return data }
      let alpha = stride(from: image.channels - 1, to: image.pixels.count, by: image.channels).map {
        255 - image.pixels[$0]
      }
      return Data(try PNG.encode(Image(width: image.width, height: image.height, channels: 1, pixels: alpha)))
    } catch { throw APIError(.unprocessableContent, "mask: \(error)", setting: "mask") }
  }

  private static func hasTransparency(_ data: Data) throws -> Bool {
    do { return Mask(transparencyOf: try PictureData(data).image()) != nil } catch {
      throw APIError(.unprocessableContent, "image: \(error)", setting: "image")
    }
  }
}
