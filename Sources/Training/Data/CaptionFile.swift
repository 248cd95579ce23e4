import Files
import Foundation

/// Captions of a picture folder.
enum CaptionFile {
  /// Column names captions go by, most common first.
  static let captionColumns = ["text", "caption", "prompt"]

  /// Column names pictures' file names go by.
  static let nameColumns = ["file_name", "file", "filename", "image"]

  /// Captions by file name from `metadata.jsonl` or `metadata.csv`; empty if there is neither.
  static func read(_ folder: URL) throws -> [String: String] {
    let jsonl = folder.appendingPathComponent("metadata.jsonl")
    if FileManager.default.fileExists(atPath: jsonl.path) { return try lines(try text(jsonl), path: jsonl.path) }
    let csv = folder.appendingPathComponent("metadata.csv")
    if FileManager.default.fileExists(atPath: csv.path) { return try table(try TextFile(csv, limit: limit)) }
    return [:]
  }

  /// Most bytes of a file of captions.
  private static let limit = 1 << 30

  private static func text(_ url: URL) throws -> String { try TextFile(url, limit: limit).text() }

  /// The caption in `name.txt` or `name.caption` beside a picture.
  /// - Throws: for one that is no text.
  static func sidecar(of image: URL) throws -> String? {
    for ending in ["txt", "caption"] {
      let file = image.deletingPathExtension().appendingPathExtension(ending)
      if FileManager.default.fileExists(atPath: file.path) {
        return try text(file).trimmingCharacters(in: .whitespacesAndNewlines)
      }
    }
    return nil
  }

  private static func lines(_ text: String, path: String) throws -> [String: String] {
    var captions: [String: String] = [:]
    for (number, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
      if line.allSatisfy(\.isWhitespace) { continue }
      guard
        let row = try? JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any],
        let name = nameColumns.lazy.compactMap({ row[$0] as? String }).first
      else {
        throw TrainingError.noData(
          path: path, reason: "line \(number + 1) is not a JSON object with a file_name")
      }
      let caption = captionColumns.lazy.compactMap { row[$0] as? String }.first
      captions[name] = caption ?? ""
    }
    return captions
  }

  private static func table(_ file: TextFile) throws -> [String: String] {
    let path = file.path
    var (rows, problems) = CommaSeparatedValues.read(file)
    if let problem = problems.first { throw TrainingError.noData(path: path, reason: "\(problem)") }
    guard let first = rows.first?.fields,
      let nameColumn = nameColumns.lazy.compactMap({ first.firstIndex(of: $0) }).first
    else {
      throw TrainingError.noData(
        path: path, reason: "its first line has no column file_name (or file, filename, image)")
    }
    let header = rows.removeFirst().fields
    // Without a column of a known name the second one is the caption, as data-set tools do.
    let captionColumn =
      captionColumns.lazy.compactMap { header.firstIndex(of: $0) }.first
      ?? (header.count > 1 ? (nameColumn == 0 ? 1 : 0) : nameColumn)
    var captions: [String: String] = [:]
    for row in rows {
      guard row.fields.count == header.count else {
        throw TrainingError.noData(
          path: path, reason: "line \(row.line) has \(row.fields.count) fields instead of \(header.count)")
      }
      captions[row.fields[nameColumn]] = captionColumn == nameColumn ? "" : row.fields[captionColumn]
    }
    return captions
  }
}
