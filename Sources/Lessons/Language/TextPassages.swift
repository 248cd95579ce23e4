import Foundation
import Training

/// A text in passages, of which every so manyth is kept back.
package struct TextPassages {
  package let training, heldBack: String

  /// Bytes of a passage, up to the end of the line.
  private static let length = 4096

  /// - Parameter every: which of them is kept back, counted from 1; ≥ 2.
  package init(_ text: String, every: Int) {
    var parts: (training: [Substring], heldBack: [Substring]) = ([], [])
    var (start, number) = (text.utf8.startIndex, 0)
    while start < text.utf8.endIndex {
      let far = text.utf8.index(start, offsetBy: Self.length, limitedBy: text.utf8.endIndex) ?? text.utf8.endIndex
      let end =
        text.utf8[far...].firstIndex(of: UInt8(ascii: "\n")).map { text.utf8.index(after: $0) }
        ?? text.utf8.endIndex
      number += 1
      if number % every == 0 {
        parts.heldBack.append(text[start..<end])
      } else {
        parts.training.append(text[start..<end])
      }
      start = end
    }
    (training, heldBack) = (parts.training.joined(), parts.heldBack.joined())
  }

  /// Reads a file.
  /// - Throws: `LessonError.text` if it is not there, is no UTF-8 or too short to keep something back.
  package static func read(_ path: String, every: Int) throws -> TextPassages {
    let url = DataLocation.url(path)
    guard let text = try? String(contentsOf: url, encoding: .utf8) else {
      throw LessonError.text(path: path, reason: "cannot be read as a text in UTF-8")
    }
    let passages = TextPassages(text, every: every)
    guard !passages.heldBack.isEmpty else {
      throw LessonError.text(path: path, reason: "is too short: \(every) passages of \(length) bytes are the least")
    }
    return passages
  }
}
