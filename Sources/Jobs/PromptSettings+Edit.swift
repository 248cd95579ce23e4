import Generation
import Images

extension PromptSettings {
  /// Sets what is said about a picture to change, under the names of img2img's flags or AUTOMATIC1111's.
  /// - Returns: false if the name says nothing about that.
  mutating func setEdit(_ key: String, _ name: String, _ value: String) throws(PromptLineError) -> Bool {
    switch key {
    case "init_image", "init_img", "input", "i": job.edit.input = try filled(name, value)
    case "background":
      guard let colour = Colour(value) else {
        throw PromptLineError(reason: "--\(name) \(value): must be a colour, such as white or #ff8800")
      }
      job.edit.background = colour
    case "mask": job.edit.mask = try filled(name, value)
    case "edit":
      job.prompt = value
      job.edit.isEdit = true
    case "source": job.edit.source = value
    case "mask_out": job.edit.maskOut = try filled(name, value)
    case "strength", "denoising_strength", "t": job.edit.strength = try number(name, value)
    case "mask_blur": job.edit.maskBlur = try number(name, value)
    case "inpaint_padding", "inpaint_full_res_padding": job.edit.padding = try whole(name, value, from: 0)
    case "image_cfg", "image_cfg_scale": job.edit.imageGuidance = try single(name, value)
    case "inpaint_area": job.edit.area = try choice(name, value) { InpaintArea(rawValue: $0.lowercased()) }
    case "inpaint_full_res": job.edit.area = try flag(name, value) ? .masked : .whole
    case "masked_content", "inpainting_fill":
      job.edit.content = try choice(name, value) { Self.numbered($0, [.fill, .original, .noise, .nothing]) }
    case "resize_mode": job.edit.resize = try choice(name, value) { Self.numbered($0, [.resize, .crop, .fill]) }
    case "no_paste_back": job.edit.pastesBack = try !flag(name, value)
    case "outpaint":
      do {
        job.edit.outpaint = try Margins(parsing: value)
      } catch {
        throw PromptLineError(reason: "\(error)")
      }
    default: return false
    }
    return true
  }

  /// Sets a second prompt or seed.
  mutating func setStrip(_ key: String, _ name: String, _ value: String) throws(PromptLineError) -> Bool {
    switch key {
    case "to_prompt": job.toPrompt = try filled(name, value)
    case "to_share": job.blendShare = try number(name, value)
    case "to_seed": job.toSeed = try seed(name, value)
    case "frames": job.frames = try whole(name, value, from: 2, to: 1000)
    default: return false
    }
    return true
  }

  /// Sets what pulls the picture besides guidance by the prompt.
  mutating func setGuide(_ key: String, _ name: String, _ value: String) throws(PromptLineError) -> Bool {
    switch key {
    case "classifier": job.guides.classifier = try filled(name, value)
    case "class": job.guides.className = try filled(name, value)
    case "classifier_scale": job.guides.classifierScale = try single(name, value)
    case "guide": job.guides.contrastive = try filled(name, value)
    case "guide_scale": job.guides.guideScale = try single(name, value)
    default: return false
    }
    return true
  }

  /// A name, or its place in AUTOMATIC1111's list.
  private static func numbered<Choice: RawRepresentable>(_ text: String, _ list: [Choice]) -> Choice?
  where Choice.RawValue == String {
    if let index = WrittenNumber.whole(text) { return list.indices.contains(index) ? list[index] : nil }
    return Choice(rawValue: text.lowercased())
  }

  private func filled(_ name: String, _ value: String) throws(PromptLineError) -> String {
    guard !value.isEmpty else { throw PromptLineError(reason: "--\(name) has no value") }
    return value
  }
}
