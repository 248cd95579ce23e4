import Conditioning
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

  let pattern: String
  public let format: Format
  /// What stands for `{prompt}` where a prompt has neither letters nor digits.
  private static let wordless = "picture"

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
          name: "`output`", value: text, reason: "must end in .png, .jpg or .safetensors")
      }
      format = known
      let isPattern = text.contains("{index}") || text.contains("{seed}")
      pattern =
        count > 1 && !isPattern
        ? (text as NSString).deletingPathExtension + "-{index}." + ending : text
    }
  }

  /// Whether it is the name of one file, which a person who gives it again wants replaced.
  public var isOneFile: Bool { !["{index}", "{seed}", "{prompt}"].contains { pattern.contains($0) } }

  /// Whether names hold the picture's number.
  public var isNumbered: Bool { pattern.contains("{index}") }

  /// The file of one picture.
  /// - Parameters:
  ///   - index: from 0; written from 1 with at least five digits.
  ///   - stem: the name without its ending, in place of the pattern's.
  public func url(index: Int, seed: UInt64, prompt: String, stem: String? = nil) -> URL {
    let number = String(index + 1)
    let padded = String(repeating: "0", count: max(0, 5 - number.count)) + number
    let path = pattern.split(separator: "/", omittingEmptySubsequences: false).map { part in
      let named = String(part).replacing("{index}", with: padded).replacing("{seed}", with: String(seed))
      return Self.filled(named, prompt: prompt)
    }.joined(separator: "/")
    let url = URL(fileURLWithPath: path)
    guard let stem else { return url }
    return url.deletingLastPathComponent().appendingPathComponent("\(stem).\(url.pathExtension)")
  }

  /// A part of a path with the prompt's words in it, as many as a name can hold.
  static func filled(_ part: String, prompt: String) -> String {
    let mark = "{prompt}"
    let places = part.ranges(of: mark).count
    guard places > 0 else { return part }
    let words = prompt.lowercased().split { !($0.isLetter || $0.isNumber) }.joined(separator: "-")
    let room = FileName.limit - FileName.suffixes - (part.utf8.count - places * mark.utf8.count)
    let fitting = FileName.prefix(String(words.prefix(60)), bytes: max(room / places, 0))
    let whole = fitting.hasSuffix("-") ? String(fitting.dropLast()) : fitting
    let text = whole.isEmpty ? wordless : whole
    return part.replacing(mark, with: text)
  }
}

/// What file systems take for a name.
enum FileName {
  /// Most bytes of a name, and of a path.
  static let (limit, pathLimit) = (255, 4095)
  /// Bytes kept free for what is written beside a picture: `-step-000100`, `-grid`, `-12`.
  static let suffixes = 24
  /// Bytes of the names files have while they are written.
  static let partial = 48

  /// The beginning of a text that takes at most so many bytes, cut between characters, or if the first is longer between
  /// its parts.
  static func prefix(_ text: String, bytes: Int) -> String {
    guard text.utf8.count > bytes else { return text }
    var (result, used) = ("", 0)
    for character in text {
      let size = character.utf8.count
      guard used + size <= bytes else { break }
      result.append(character)
      used += size
    }
    guard result.isEmpty else { return result }
    var scalars = String.UnicodeScalarView()
    for scalar in text.unicodeScalars {
      used += UTF8.width(scalar)
      guard used <= bytes else { break }
      scalars.append(scalar)
    }
    return String(scalars)
  }

  /// The name with a number before its ending.
  static func numbered(_ url: URL, _ number: Int) -> URL {
    let end = "-\(number)" + (url.pathExtension.isEmpty ? "" : ".\(url.pathExtension)")
    let stem = prefix(url.deletingPathExtension().lastPathComponent, bytes: limit - end.utf8.count)
    return url.deletingLastPathComponent().appendingPathComponent(stem + end)
  }
}
