import Files
import Foundation

/// A file that says something about many pictures: `metadata.jsonl`, or `metadata.csv`.
///
/// Rows are read one at a time, and can be read again from where they stand.
struct CaptionTable: Sendable {
  /// Column names captions go by, most common first.
  static let captionColumns = ["text", "caption", "prompt"]
  /// Column names pictures' file names go by.
  static let nameColumns = ["file_name", "file", "filename", "image"]

  /// One picture's row.
  struct Row {
    /// The picture's path relative to the data set.
    let name: String
    let caption: String?
    let place: Place
  }

  /// Where a row stands.
  struct Place: Sendable {
    let offset: Int
    let length: Int
  }

  let url: URL
  /// The table's folder relative to the data set, with a slash at the end unless it is the data set's own.
  private let prefix: String
  private let isJSON: Bool
  /// The columns of a CSV file.
  private let header: [String]
  private let nameColumn: Int
  private let captionColumn: Int?

  /// - Parameter path: relative to `folder`.
  init(_ path: String, in folder: URL) throws {
    url = folder.appendingPathComponent(path)
    prefix = path.lastIndex(of: "/").map { String(path[...$0]) } ?? ""
    isJSON = path.hasSuffix(".jsonl")
    let encoding = TextEncoding(of: try RandomAccessFile(url).read(upTo: 4096, at: 0))
    guard encoding.width == 1 else {
      throw DataSetError.unsupported(path: url.path, what: "is \(encoding.name) text: save it as UTF-8")
    }
    guard !isJSON else {
      (header, nameColumn, captionColumn) = ([], 0, nil)
      return
    }
    var records = try CSVRecords(url)
    let first = try records.next()?.fields ?? []
    guard let name = Self.nameColumns.lazy.compactMap({ first.firstIndex(of: $0) }).first else {
      throw DataSetError.noData(
        path: url.path, reason: "its first line has no column file_name (or file, filename, image)")
    }
    header = first
    nameColumn = name
    // Without a column of a known name the second one is the caption, as data-set tools do.
    let caption =
      Self.captionColumns.lazy.compactMap { first.firstIndex(of: $0) }.first
      ?? (first.count > 1 ? (name == 0 ? 1 : 0) : name)
    captionColumn = caption == name ? nil : caption
  }

  /// Columns known beforehand; nil where every row has its own.
  var columns: [String]? { isJSON ? nil : header }

  /// Reads all rows.
  func readRows(_ body: (Row) throws -> Void) throws {
    isJSON ? try forEachLine(body) : try forEachRecord(body)
  }

  private func forEachLine(_ body: (Row) throws -> Void) throws {
    var lines = try LineReader(url)
    while let line = try lines.next() {
      if line.bytes.allSatisfy({ $0 <= 0x20 }) { continue }
      guard let row = Self.object(line.bytes), let name = Self.text(row, Self.nameColumns) else {
        throw DataSetError.noData(
          path: url.path, reason: "line \(line.number) is not a JSON object with a file_name")
      }
      let place = Place(offset: line.offset, length: line.bytes.count)
      try body(Row(name: path(name), caption: Self.text(row, Self.captionColumns), place: place))
    }
  }

  private func forEachRecord(_ body: (Row) throws -> Void) throws {
    var records = try CSVRecords(url)
    _ = try records.next()
    var number = 1
    while let record = try records.next() {
      number += 1
      guard record.fields.count == header.count else {
        throw DataSetError.noData(
          path: url.path,
          reason: "row \(number) (line \(record.line)) has \(record.fields.count) fields instead of \(header.count)")
      }
      try body(
        Row(
          name: path(record.fields[nameColumn]), caption: captionColumn.map { record.fields[$0] },
          place: Place(offset: record.offset, length: record.length)))
    }
  }

  /// All columns of a row but the picture's name.
  func columns(at place: Place, in file: RandomAccessFile) throws -> [String: JSONValue] {
    let bytes = try file.read(at: place.offset, count: place.length)
    var row: [String: JSONValue]
    if isJSON {
      row = Self.object(bytes) ?? [:]
      if let name = Self.nameColumns.first(where: { row[$0] != nil }) { row[name] = nil }
    } else {
      row = [:]
      for (index, (name, value)) in zip(header, CSVRecords.fields(bytes)).enumerated() where index != nameColumn {
        row[name] = .text(value)
      }
    }
    return row
  }

  /// The caption of a row.
  func caption(at place: Place, in file: RandomAccessFile) throws -> String? {
    let bytes = try file.read(at: place.offset, count: place.length)
    if isJSON { return Self.object(bytes).flatMap { Self.text($0, Self.captionColumns) } }
    let fields = CSVRecords.fields(bytes)
    return captionColumn.flatMap { $0 < fields.count ? JSONValue.text(fields[$0]).words : nil }
  }

  private func path(_ name: String) -> String {
    prefix + (name.hasPrefix("./") ? String(name.dropFirst(2)) : name)
  }

  private static func text(_ row: [String: JSONValue], _ columns: [String]) -> String? {
    for column in columns {
      if case .text(let value)? = row[column] { return value }
    }
    return nil
  }

  /// A line of JSON; what is not UTF-8 is taken for Latin-1.
  static func object(_ line: [UInt8]) -> [String: JSONValue]? {
    let data = Data(TextBytes.decode(line).text.utf8)
    guard case .object(let row)? = try? JSONDecoder().decode(JSONValue.self, from: data) else { return nil }
    return row
  }
}
