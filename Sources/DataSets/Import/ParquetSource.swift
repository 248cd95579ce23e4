import Foundation

/// Pictures in a column of Parquet files, as data-set hubs publish them.
final class ParquetSource: ImportSource {
  let kind = "Parquet"
  let count: Int?
  let columns: [String]?
  private let files: [ParquetFile]
  private let imageColumn: [String]
  private var nextFile = 0
  private var open: OpenFile?
  private var row = 0

  /// A file that is being read.
  private struct OpenFile {
    var rows: ParquetRows
    /// What each column of `rows` is, the picture's bytes first, its path second if there is one.
    let columns: [ParquetColumn]
    let hasPath: Bool
    let classes: [String: [String]]
  }

  /// - Parameter urls: files of one schema, in order.
  init(_ urls: [URL], _ options: ImportOptions) throws {
    files = try urls.map { try ParquetFile($0) }
    guard let first = files.first else { throw DataSetError.noData(path: "", reason: "no Parquet file") }
    imageColumn = try Self.imageColumn(of: first, named: options.imageColumn)
    count = files.reduce(0) { $0 + $1.rows }
    let path = Self.path(of: first, beside: imageColumn)
    columns =
      Self.others(first.columns, but: imageColumn).map { first.columns[$0].name } + (path == nil ? [] : ["source_path"])
  }

  /// The column with the pictures: a structure of `bytes` and `path`, or plain bytes.
  private static func imageColumn(of file: ParquetFile, named name: String?) throws(DataSetError) -> [String] {
    let binary = file.columns.filter { $0.type == .byteArray && !$0.isText }
    if let name {
      guard let found = file.columns.first(where: { $0.name == name || $0.name == "\(name).bytes" }) else {
        throw .badRequest("\(file.path) has no column \"\(name)\"; bytes are in \(list(binary))")
      }
      guard found.type == .byteArray else {
        throw .badRequest("\(file.path): column \"\(name)\" holds no bytes; bytes are in \(list(binary))")
      }
      return found.path
    }
    let structures = binary.filter { $0.path.last == "bytes" && $0.path.count > 1 && $0.maxRepetition == 0 }
    let usual = ["image", "img", "picture", "photo", "jpg", "jpeg", "png", "image_bytes", "bytes", "content"]
    let plain = binary.filter { $0.path.count == 1 && usual.contains($0.path[0].lowercased()) }
    let candidates = structures.isEmpty ? plain : structures
    guard let first = candidates.first else {
      throw .badRequest(
        "\(file.path) has no column that is known to hold pictures; name one with `image-column`: bytes are in "
          + list(binary))
    }
    guard candidates.count == 1 else {
      throw .badRequest("\(file.path) has pictures in \(list(candidates)); choose with `image-column`")
    }
    return first.path
  }

  private static func list(_ columns: [ParquetColumn]) -> String {
    columns.isEmpty ? "no column" : columns.map(\.name).joined(separator: ", ")
  }

  /// Columns that say something about a picture: one value a row, and no other picture.
  private static func others(_ columns: [ParquetColumn], but image: [String]) -> [Int] {
    columns.indices.filter { index in
      let column = columns[index]
      let isOfImage = column.path == image || image.count > 1 && column.path.dropLast() == image.dropLast()[...]
      return column.maxRepetition == 0 && !isOfImage && column.type != .int96
        && !(column.path.last == "bytes" && column.path.count > 1)
    }
  }

  /// The column that says what a picture's file was called.
  private static func path(of file: ParquetFile, beside image: [String]) -> Int? {
    image.count > 1 ? file.columns.firstIndex { $0.path == image.dropLast() + ["path"] } : nil
  }

  private func openNext() throws -> Bool {
    guard nextFile < files.count else { return false }
    let file = files[nextFile]
    nextFile += 1
    guard let image = file.columns.firstIndex(where: { $0.path == imageColumn }) else {
      throw DataSetError.badRequest(
        "\(file.path) has no column \(imageColumn.joined(separator: ".")), unlike \(files[0].path)")
    }
    let path = Self.path(of: file, beside: imageColumn)
    let places = [image] + (path.map { [$0] } ?? []) + Self.others(file.columns, but: imageColumn)
    open = OpenFile(
      rows: try file.rows(of: places), columns: places.map { file.columns[$0] }, hasPath: path != nil,
      classes: Self.classes(file.footer.texts["huggingface"]))
    return true
  }

  /// Names of numbered classes, by column, as the `datasets` library writes them into a file.
  private static func classes(_ text: String?) -> [String: [String]] {
    guard let text, let value = CaptionTable.object(Array(text.utf8)), case .object(let info)? = value["info"],
      case .object(let features)? = info["features"]
    else { return [:] }
    return features.compactMapValues { feature in
      guard case .object(let feature) = feature, case .array(let names)? = feature["names"] else { return nil }
      return names.compactMap(\.words)
    }
  }

  func next() throws -> ImportRecord? {
    while true {
      if open == nil, try !openNext() { return nil }
      guard let values = try open?.rows.next(), let file = open else {
        open = nil
        continue
      }
      row += 1
      return record(values, file)
    }
  }

  private func record(_ values: [ParquetValue], _ file: OpenFile) -> ImportRecord {
    var record = ImportRecord(picture: .none("the picture is null"), name: "row \(row)")
    if case .bytes(let bytes)? = values.first { record.picture = .file(bytes) }
    for (value, column) in zip(values, file.columns).dropFirst(file.hasPath ? 2 : 1) {
      guard let json = value.json(of: column) else { continue }
      if case .int(let number) = json, let names = file.classes[column.name], names.indices.contains(Int(number)) {
        record.columns[column.name] = .text(names[Int(number)])
      } else {
        record.columns[column.name] = json
      }
    }
    if file.hasPath, case .bytes(let path) = values[1] {
      let text = String(decoding: path, as: UTF8.self)
      if case .none = record.picture { record.picture = .none("the picture is not in the file, only its path \(text)") }
      if !text.isEmpty { record.columns["source_path"] = .text(text) }
    }
    record.caption = CaptionTable.captionColumns.lazy.compactMap { record.columns[$0]?.words }.first
    return record
  }

  func skip(_ count: Int) throws {
    var left = count
    while left > 0 {
      if open == nil, try !openNext() { return }
      let before = left
      let rest = open?.rows.left ?? 0
      try open?.rows.skip(left)
      left -= min(before, rest)
      row += before - left
      if rest < before { open = nil }
    }
  }
}
