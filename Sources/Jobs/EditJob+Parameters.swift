import Foundation
import Generation
import Images

extension EditJob {
  /// What a picture's metadata says about the picture it was made from.
  /// - Parameters:
  ///   - notes: gets a line for each thing that is not as it was.
  ///   - known: gets the names that were understood.
  /// - Throws: the name and value of a field that cannot be read.
  init(
    _ parameters: GenerationParameters, notes: inout [String], known: inout Set<String>
  ) throws(UnreadableField) {
    func text(_ key: String) -> String? {
      known.insert(key)
      return parameters[key]
    }
    func value<Value>(_ key: String, _ read: (String) -> Value?) throws(UnreadableField) -> Value? {
      guard let text = text(key) else { return nil }
      guard let value = read(text) else { throw UnreadableField(key: key, value: text) }
      return value
    }
    counting = text(EditField.counting).flatMap { StepCounting(rawValue: $0) }
    strength = try value("Denoising strength") { WrittenNumber.decimal($0) }
    imageGuidance = try value("Image CFG scale") { WrittenNumber.decimal($0).map(Float.init) }
    maskBlur = try value("Mask blur") { WrittenNumber.decimal($0) }
    content = try value("Masked content", Self.content)
    padding = try value("Masked area padding") { WrittenNumber.whole($0) }
    area = text("Inpaint area").map { $0 == "Only masked" ? .masked : .whole }
    resize = try value("Resize mode") { ResizeMode(rawValue: $0.lowercased()) }
    outpaint = try value(EditField.outpaint) { try? Margins(parsing: $0) }
    pastesBack = text(EditField.pastesBack).map { $0 != "False" }
    isEdit = text(EditField.isEdit).map { $0 == "True" }
    source = text(EditField.source)
    input = Self.file(text(EditField.input), hash: text(EditField.inputHash), "the picture it was made from", &notes)
    mask = Self.file(text(EditField.mask), hash: text(EditField.maskHash), "its mask", &notes)
  }

  /// AUTOMATIC1111 calls two of them by longer names.
  private static func content(_ name: String) -> MaskedContent? {
    MaskedContent(rawValue: name.lowercased().replacing("latent ", with: ""))
  }

  /// A file by the name it had, if it is still there.
  private static func file(_ path: String?, hash: String?, _ what: String, _ notes: inout [String]) -> String? {
    guard let path else { return nil }
    guard FileManager.default.fileExists(atPath: path) else {
      notes.append("\(what), \(path), is not here by that name: say where it is")
      return nil
    }
    if let hash, OpenedEdit.hash(path) != hash {
      notes.append("\(what), \(path), is not what it was, so the result will be another")
    }
    return path
  }
}

/// A field whose value is none.
struct UnreadableField: Error {
  let key, value: String
}
