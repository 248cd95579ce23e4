import Foundation
import Generation
import Images

extension EditJob {
  /// What a picture's metadata says about the picture it was made from.
  /// - Parameters:
  ///   - search: looks for the pictures it names.
  ///   - notes: gets a line for each thing that is not as it was.
  ///   - known: gets the names that were understood.
  init(
    _ parameters: GenerationParameters, search: ModelSearch, notes: inout [String], known: inout Set<String>
  ) {
    func text(_ key: String) -> String? {
      known.insert(key)
      return parameters[key]
    }
    func value<Value>(_ key: String, _ read: (String) -> Value?) -> Value? {
      guard let text = text(key) else { return nil }
      let value = read(text)
      if value == nil { notes.append(ParameterReader.note(unreadable: key, text)) }
      return value
    }
    counting = text(EditField.counting).flatMap { StepCounting(rawValue: $0) }
    strength = value("Denoising strength") { WrittenNumber.decimal($0) }
    imageGuidance = value("Image CFG scale") { WrittenNumber.decimal($0).map(Float.init) }
    maskBlur = value("Mask blur") { WrittenNumber.decimal($0) }
    content = value("Masked content", Self.content)
    padding = value("Masked area padding") { WrittenNumber.whole($0) }
    area = text("Inpaint area").map { $0 == "Only masked" ? .masked : .whole }
    resize = value("Resize mode") { ResizeMode(rawValue: $0.lowercased()) }
    outpaint = value(EditField.outpaint) { try? Margins(parsing: $0) }
    pastesBack = text(EditField.pastesBack).map { $0 != "False" }
    isEdit = text(EditField.isEdit).map { $0 == "True" }
    source = text(EditField.source)
    background = value(EditField.background) { Colour($0) }
    input = Self.file(
      text(EditField.input), hash: text(EditField.inputHash), "the picture it was made from", search, &notes)
    let (name, hash) = (text(EditField.mask), text(EditField.maskHash))
    mask = name == Self.alphaMask ? name : Self.file(name, hash: hash, "its mask", search, &notes)
  }

  /// AUTOMATIC1111 calls two of them by longer names.
  private static func content(_ name: String) -> MaskedContent? {
    MaskedContent(rawValue: name.lowercased().replacing("latent ", with: ""))
  }

  /// A file by the name or the hash it had, if it is still there.
  private static func file(
    _ path: String?, hash: String?, _ what: String, _ search: ModelSearch, _ notes: inout [String]
  ) -> String? {
    guard let path else { return nil }
    guard let found = search.find(.picture, named: path, hash: hash) else {
      notes.append("\(what), \(path), is not here by that name or hash: say where it is")
      return nil
    }
    if found.isSame == false { notes.append("\(what), \(path), is not what it was, so the result will be another") }
    return found.url.path
  }
}
