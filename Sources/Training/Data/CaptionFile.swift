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
    if let text = try? String(contentsOf: jsonl, encoding: .utf8) {
      return try lines(text, path: jsonl.path)
    }
    let csv = folder.appendingPathComponent("metadata.csv")
    if let text = try? String(contentsOf: csv, encoding: .utf8) {
      return try table(text, path: csv.path)
    }
    return [:]
  }

  /// The caption in `name.txt` or `name.caption` beside a picture.
  static func sidecar(of image: URL) -> String? {
    for ending in ["txt", "caption"] {
      let file = image.deletingPathExtension().appendingPathExtension(ending)
      if let text = try? String(contentsOf: file, encoding: .utf8) {
        return text.trimmingCharacters(in: .whitespacesAndNewlines)
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

  private static func table(_ text: String, path: String) throws -> [String: String] {
    var rows = CSVReader.rows(text)
    guard let first = rows.first, let nameColumn = nameColumns.lazy.compactMap({ first.firstIndex(of: $0) }).first
    else {
      throw TrainingError.noData(
        path: path, reason: "its first line has no column file_name (or file, filename, image)")
    }
    let header = rows.removeFirst()
    // Without a column of a known name the second one is the caption, as data-set tools do.
    let captionColumn =
      captionColumns.lazy.compactMap { header.firstIndex(of: $0) }.first
      ?? (header.count > 1 ? (nameColumn == 0 ? 1 : 0) : nameColumn)
    var captions: [String: String] = [:]
    for (number, row) in rows.enumerated() {
      guard row.count == header.count else {
        throw TrainingError.noData(
          path: path, reason: "row \(number + 2) has \(row.count) fields instead of \(header.count)")
      }
      captions[row[nameColumn]] = captionColumn == nameColumn ? "" : row[captionColumn]
    }
    return captions
  }
}

/// Comma-separated values with quoting (RFC 4180).
enum CSVReader {
  static func rows(_ text: String) -> [[String]] {
    var rows: [[String]] = []
    var (row, field, quoted): ([String], String, Bool) = ([], "", false)
    var scalars = Array(text.unicodeScalars.filter { $0 != "\r" })[...]
    func endRow(_ row: inout [String], _ field: inout String) {
      row.append(field)
      if row != [""] { rows.append(row) }
      (row, field) = ([], "")
    }
    while let c = scalars.popFirst() {
      switch c {
      case "\"" where quoted && scalars.first == "\"":
        field.unicodeScalars.append(c)
        scalars.removeFirst()
      case "\"": quoted.toggle()
      case "," where !quoted:
        row.append(field)
        field = ""
      case "\n" where !quoted: endRow(&row, &field)
      default: field.unicodeScalars.append(c)
      }
    }
    if !field.isEmpty || !row.isEmpty { endRow(&row, &field) }
    return rows
  }
}
