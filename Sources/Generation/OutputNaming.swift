import Foundation

/// Where pictures go: one file, a folder, or a pattern with `{index} {seed} {prompt}`.
public struct OutputNaming: Sendable, Equatable {
  /// What a picture's file holds.
  public enum Format: String, Sendable, CaseIterable {
    case png, jpeg
    /// The float picture and the last latents.
    case safetensors

    init?(ending: String) {
      switch ending.lowercased() {
      case "png": self = .png
      case "jpg", "jpeg": self = .jpeg
      case "safetensors": self = .safetensors
      default: return nil
      }
    }
  }

  private let pattern: String
  public let format: Format

  /// - Parameters:
  ///   - output: what the person asked for; `outputs/` if nil.
  ///   - count: pictures in all.
  public init(_ output: String?, count: Int) throws {
    let text = output ?? "outputs/"
    var isFolder: ObjCBool = false
    let exists = FileManager.default.fileExists(atPath: text, isDirectory: &isFolder)
    let ending = (text as NSString).pathExtension
    if text.hasSuffix("/") || (exists && isFolder.boolValue) || ending.isEmpty {
      let folder = text.hasSuffix("/") ? String(text.dropLast()) : text
      pattern = folder + "/{index}-{seed}.png"
      format = .png
    } else {
      guard let known = Format(ending: ending) else {
        throw GenerationError.badValue(
          name: "--output", value: text, reason: "must end in .png, .jpg or .safetensors")
      }
      format = known
      let isPattern = text.contains("{index}") || text.contains("{seed}")
      pattern =
        count > 1 && !isPattern
        ? (text as NSString).deletingPathExtension + "-{index}." + ending : text
    }
  }

  /// The file of one picture.
  /// - Parameters:
  ///   - index: from 0; written from 1 with at least five digits.
  ///   - stem: the name without its ending, in place of the pattern's.
  public func url(index: Int, seed: UInt64, prompt: String, stem: String? = nil) -> URL {
    let number = String(index + 1)
    let padded = String(repeating: "0", count: max(0, 5 - number.count)) + number
    let words = prompt.lowercased().split { !($0.isLetter || $0.isNumber) }.joined(separator: "-")
    let path =
      pattern.replacingOccurrences(of: "{index}", with: padded)
      .replacingOccurrences(of: "{seed}", with: String(seed))
      .replacingOccurrences(of: "{prompt}", with: String(words.prefix(60)))
    let url = URL(fileURLWithPath: path)
    guard let stem else { return url }
    return url.deletingLastPathComponent().appendingPathComponent("\(stem).\(url.pathExtension)")
  }

  /// Throws unless files can be written there, before any work is done. Leaves no new folder behind.
  public func check(_ url: URL) throws {
    let folder = url.deletingLastPathComponent().standardizedFileURL
    var missing: [URL] = []
    var above = folder
    while above.path != "/", !FileManager.default.fileExists(atPath: above.path) {
      missing.append(above)
      above.deleteLastPathComponent()
    }
    try prepare(url)
    // Deepest first; only folders this call made, which are empty.
    for made in missing { try? FileManager.default.removeItem(at: made) }
  }

  /// Makes the folder of a file if it is missing; throws unless it can be written to.
  public func prepare(_ url: URL) throws {
    let folder = url.deletingLastPathComponent()
    do {
      try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    } catch {
      throw GenerationError.badValue(
        name: "--output", value: url.path, reason: "the folder cannot be made")
    }
    guard FileManager.default.isWritableFile(atPath: folder.path) else {
      throw GenerationError.badValue(
        name: "--output", value: url.path, reason: "the folder cannot be written to")
    }
  }
}
