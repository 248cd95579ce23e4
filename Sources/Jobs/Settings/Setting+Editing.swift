import Foundation
import Generation
import Images

extension Setting {
  /// The picture another is made from, and how.
  static let editing = [
    Setting(
      "image-cfg", \.edit.imageGuidance, .single(.from(1)), aliases: ["image_cfg_scale"],
      infotext: .field("Image CFG scale", isOfEdits: true, write: { "\($0)" })),
    Setting(
      "strength", \.edit.strength, .decimal(0...1), aliases: ["denoising_strength", "t"],
      infotext: .field("Denoising strength", isOfEdits: true, write: { "\($0)" })),
    Setting(
      "step-counting", \.edit.counting, .choice { StepCounting(rawValue: $0) }, origin: .record,
      belongsTo: [.given("strength")],
      infotext: .field("Step counting", isOfEdits: true, write: { $0 == .share ? nil : $0.rawValue })),
    Setting(
      "fits-model", \.edit.fitsModel, .flag, origin: .record, belongsTo: [.changed("init-image")],
      infotext: .flag("Fitted to model", isOfEdits: true)),
    Setting(
      "init-image", \.edit.input, .name(), aliases: ["init_img", "input", "i"], origin: .argument,
      infotext: .picture("Init image", "Init image SHA-256", \.edit.input, "the picture it was made from")),
    Setting(
      "mask", \.edit.mask, .name(), belongsTo: [.changed("init-image")],
      infotext: .picture("Mask", "Mask SHA-256", \.edit.mask, "its mask", besides: EditJob.alphaMask)),
    Setting(
      "background", \.edit.background,
      .text(
        expects: "a colour, such as white or #ff8800", samples: ["#ffffff", "#ff8800"], read: { Colour($0) },
        write: { "\($0)" }), infotext: .field("Background", isOfEdits: true)),
    Setting(
      "asked-width", \.edit.askedWidth, .whole(1...1_000_000), origin: .record,
      infotext: .field("Width asked for", isOfEdits: true)),
    Setting(
      "asked-height", \.edit.askedHeight, .whole(1...1_000_000), origin: .record,
      infotext: .field("Height asked for", isOfEdits: true)),
    Setting(
      "edit", \.edit.isEdit, .flag, infotext: .flag("Edit", isOfEdits: true),
      line: { text, job in (job.prompt, job.edit.isEdit) = (text, true) }),
    Setting("source", \.edit.source, .words, infotext: .field("Edit source", isOfEdits: true)),
    Setting(
      "resize-mode", \.edit.resize, .choice { numbered($0, [.resize, .crop, .fill]) },
      infotext: .field("Resize mode", isOfEdits: true, write: { $0 == .resize ? nil : $0.rawValue })),
    Setting(
      "outpaint", \.edit.outpaint,
      .text(
        expects: "left,top,right,bottom in pixels, such as 0,0,64,0", samples: ["8,0,0,0", "0,8,16,0"],
        read: { try Margins(parsing: $0) }, write: { "\($0.left),\($0.top),\($0.right),\($0.bottom)" }),
      infotext: .field("Outpaint", isOfEdits: true)),
    Setting(
      "mask-blur", \.edit.maskBlur, .decimal(0...256, " pixels"),
      infotext: .field("Mask blur", isOfEdits: true, write: { "\($0)" })),
    Setting(
      "masked-content", \.edit.content, .choice { numbered($0, [.fill, .original, .noise, .nothing]) },
      aliases: ["inpainting_fill"],
      // AUTOMATIC1111 calls two of them by longer names.
      infotext: .field(
        "Masked content", isOfEdits: true,
        read: { MaskedContent(rawValue: $0.lowercased().replacing("latent ", with: "")) })),
    Setting(
      "inpaint-area", \.edit.area, .choice(),
      aliases: [
        Alias("inpaint_full_res") { text in
          let isFull = try SettingForm.flag.read(text) == true
          return (isFull ? InpaintArea.masked : .whole).rawValue
        }
      ],
      infotext: .field(
        "Inpaint area", isOfEdits: true, write: { $0 == .masked ? "Only masked" : nil },
        read: { $0 == "Only masked" ? .masked : .whole })),
    Setting(
      "inpaint-padding", \.edit.padding, .whole(0...4096, " pixels"), aliases: ["inpaint_full_res_padding"],
      infotext: .field("Masked area padding", isOfEdits: true)),
    Setting(
      "no-paste-back", \.edit.keepsDecoded, .flag,
      infotext: .field(
        "Paste back", isOfEdits: true, write: { $0 ? "False" : nil }, read: { $0 == "False" })),
    Setting("mask-out", \.edit.maskOut, .name(samples: ["m.png", "n.png"]), decides: false),
  ]

  /// A name, or its place in AUTOMATIC1111's list.
  private static func numbered<Choice: RawRepresentable>(_ text: String, _ list: [Choice]) -> Choice?
  where Choice.RawValue == String {
    if let index = WrittenNumber.whole(text) { return list.indices.contains(index) ? list[index] : nil }
    return Choice(rawValue: text.lowercased())
  }
}

extension InfotextRow where Value == String {
  /// A picture by its name and hash, wherever it lies.
  /// - Parameters:
  ///   - what: it is, for notes.
  ///   - besides: a value that is no file.
  static func picture(
    _ key: String, _ hashKey: String, _ field: WritableKeyPath<PictureJob, String?> & Sendable, _ what: String,
    besides: String? = nil
  ) -> InfotextRow {
    .form(
      InfotextForm(
        keys: [key, hashKey], places: [key], namesFiles: true, isOfEdits: true,
        write: { job in
          guard let path = job[keyPath: field] else { return [] }
          if path == besides { return [(key, path)] }
          let name = NamedFiles.name(of: path)
          let hash = ModelHash.short(URL(fileURLWithPath: path)).map { [(hashKey, $0)] } ?? []
          return [(key, name == besides ? "./\(name)" : name)] + hash
        },
        read: { reader in
          let name = reader.parameters[key]
          reader.job[keyPath: field] = name == besides ? name : reader.picture(name, reader.parameters[hashKey], what)
        }))
  }
}
