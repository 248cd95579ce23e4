import Diffusion
import Foundation
import Generation
import Images
import Jobs

extension WebUIPicture {
  /// "Hires fix": the second pass of `txt2img`.
  mutating func readSecondPass(_ fields: inout WebUIFields, _ job: inout PictureJob) throws(APIError) {
    let isOn = try fields.flag("enable_hr") ?? false
    let denoise = try fields.number("denoising_strength")
    let (scale, steps) = (try fields.number("hr_scale"), try fields.whole("hr_second_pass_steps"))
    let (width, height) = (try fields.whole("hr_resize_x") ?? 0, try fields.whole("hr_resize_y") ?? 0)
    let (upscaler, sampler) = (try fields.text("hr_upscaler"), try fields.text("hr_sampler_name"))
    let schedule = try fields.text("hr_scheduler")
    let (prompt, negative) = (try fields.text("hr_prompt"), try fields.text("hr_negative_prompt"))
    fields.ignore("firstphase_width", "firstphase_height")
    // Clients with one form for both send what a mask would be used with.
    fields.ignore(
      "mask_blur", "mask_blur_x", "mask_blur_y", "mask_round", "inpainting_fill", "inpaint_full_res",
      "inpaint_full_res_padding", "inpainting_mask_invert", "resize_mode", "image_cfg_scale",
      "initial_noise_multiplier")
    guard isOn else { return fields.ignore("hr_checkpoint_name", "hr_cfg") }
    try fields.only("hr_checkpoint_name", [], or: ["Use same checkpoint"])
    job.hiresCFG = try fields.number("hr_cfg").map { Float($0) }
    if width > 0, height > 0 {
      job.hiresResize = PixelSize(width: width, height: height)
    } else if width > 0 || height > 0 {
      throw fields.refusal(width > 0 ? "hr_resize_y" : "hr_resize_x", "must be given with the other one, or neither")
    } else {
      job.hiresScale = scale ?? 2
    }
    (job.hiresCounting, job.hiresDenoise) = (.all, denoise ?? 0.75)
    job.hiresSteps = steps.flatMap { $0 > 0 ? $0 : nil }
    job.hiresUpscaler = try Self.upscaler(upscaler ?? "Latent", fields)
    (job.hiresPrompt, job.hiresNegativePrompt) = (Self.some(prompt), Self.some(negative))
    guard let name = Self.some(sampler), name != "Use same sampler" else {
      let named = Self.some(schedule).flatMap { $0 == "Use same scheduler" ? nil : $0 }
      job.hiresSchedule = try named.map { name throws(APIError) in
        let own = job.sampler.flatMap { try? SamplerName.parse($0) }?.sampler ?? .euler
        return try Self.schedule(name, nil, of: own) ?? ScheduleName.default.rawValue
      }
      return
    }
    guard let parsed = try? SamplerName.parse(name) else { throw APIError(.notFound, "Sampler not found") }
    job.hiresSampler = parsed.sampler.rawValue
    let same = schedule == "Use same scheduler" ? job.schedule : schedule
    job.hiresSchedule = try Self.schedule(Self.some(same), parsed.schedule, of: parsed.sampler)
  }

  private static func some(_ text: String?) -> String? { text.flatMap { $0.isEmpty ? nil : $0 } }

  private static func upscaler(_ name: String, _ fields: WebUIFields) throws(APIError) -> HiresFix.Upscaler {
    switch name {
    case "Latent", "Latent (antialiased)": .latent
    case "Lanczos": .lanczos
    default: throw fields.refusal("hr_upscaler", "\(name.prefix(60)) is not in this version: Latent and Lanczos are")
    }
  }

  /// The picture of `img2img`, its mask, and what is done with them.
  mutating func readEdit(_ fields: inout WebUIFields, _ job: inout PictureJob) throws(APIError) {
    let images = try fields.texts("init_images") ?? []
    guard let image = images.first else { throw APIError(.notFound, "Init image not found") }
    guard images.count == 1 else { throw fields.refusal("init_images", "of more than one is not in this version") }
    asked.image = try Base64Picture.data(image, "init_images")
    // AUTOMATIC1111 runs one step more than the share.
    (job.edit.strength, job.edit.counting) = (try fields.number("denoising_strength") ?? 0.75, .shareAndOne)
    let mode = try fields.whole("resize_mode") ?? 0
    let modes: [ResizeMode] = [.resize, .crop, .fill]
    guard modes.indices.contains(mode) else {
      throw fields.refusal("resize_mode", "\(mode) is not in this version: 0, 1 and 2 are")
    }
    job.edit.resize = modes[mode]
    if let guidance = try fields.number("image_cfg_scale"), guidance != 1.5 { job.edit.imageGuidance = Float(guidance) }
    try fields.only("initial_noise_multiplier", [1])
    fields.ignore(
      "mask_round", "firstphase_width", "firstphase_height", "hr_scale", "hr_upscaler", "hr_second_pass_steps",
      "hr_resize_x", "hr_resize_y", "hr_sampler_name", "hr_scheduler", "hr_cfg")
    if try fields.flag("include_init_images") != true { (echo["init_images"], echo["mask"]) = (.null, .null) }
    try readMask(&fields, &job)
  }

  private mutating func readMask(_ fields: inout WebUIFields, _ job: inout PictureJob) throws(APIError) {
    let mask = try fields.text("mask")
    let blur = try fields.number("mask_blur") ?? 4
    for axis in ["mask_blur_x", "mask_blur_y"] { try fields.only(axis, [blur, 4]) }
    let content = try fields.whole("inpainting_fill") ?? 0
    let isMasked = try fields.flag("inpaint_full_res") ?? true
    let padding = try fields.whole("inpaint_full_res_padding") ?? 0
    let isInverted = try fields.flag("inpainting_mask_invert") ?? false
    guard let mask = Self.some(mask) else { return }
    let contents: [MaskedContent] = [.fill, .original, .noise, .nothing]
    guard contents.indices.contains(content) else { throw fields.refusal("inpainting_fill", "must be 0 to 3") }
    let data = try Base64Picture.data(mask, "mask")
    asked.mask = isInverted ? try Self.inverted(data) : data
    (job.edit.maskBlur, job.edit.content) = (blur, contents[content])
    job.edit.area = isMasked ? .masked : .whole
    if isMasked { job.edit.padding = padding }
  }

  /// A mask with black and white changed over.
  private static func inverted(_ data: Data) throws(APIError) -> Data {
    do {
      let decoded = PictureData(data)
      var image = try decoded.image()
      // What is transparent stays so.
      let colours = image.channels.isMultiple(of: 2) ? image.channels - 1 : image.channels
      for index in image.pixels.indices where index % image.channels < colours {
        image.pixels[index] = 255 - image.pixels[index]
      }
      return Data(try PNG.encode(image))
    } catch { throw APIError(.unprocessableContent, "mask: \(error)", setting: "mask") }
  }
}

/// A PNG or JPEG in memory.
struct PictureData {
  private let data: Data

  init(_ data: Data) { self.data = data }

  /// - Throws: `ImageError`.
  func image() throws(ImageError) -> Image {
    try ImageHeader(data).format == .png ? PNG.decode(data) : JPEG.decode(data)
  }

  /// The text it carries: of a PNG all of it, of a JPEG its comment.
  func text() throws(ImageError) -> [PNG.Text] {
    if try ImageHeader(data).format == .png { return try PNG.decodeWithText(data).text }
    return try JPEG.decodeWithText(data).userComment.map { [(ImageFile.parametersKey, $0)] } ?? []
  }
}
