import Foundation

/// Pictures in tar archives: files that share a name up to its first dot belong together (WebDataset).
///
/// A picture's caption is in `.txt` or `.caption`, columns are in `.json`, a class in `.cls`.
final class TarSource: ImportSource {
  let kind = "a tar archive"
  let count: Int? = nil
  let columns: [String]? = nil
  private let urls: [URL]
  private var nextArchive = 0
  private var archive: (reader: TarReader, path: String)?
  /// The first file of the next sample, which ended this one.
  private var held: (name: String, bytes: [UInt8]?)?
  /// Texts of the open sample that are not given to its picture yet.
  private var pending: [String: [UInt8]] = [:]
  private static let largest = 1 << 29

  /// - Parameter urls: archives of one data set, in order.
  init(_ urls: [URL]) { self.urls = urls }

  /// The part of a path that files of one sample share, and the rest.
  static func key(_ path: String) -> (key: Substring, ending: String) {
    let start = path.lastIndex(of: "/").map { path.index(after: $0) } ?? path.startIndex
    guard let dot = path[start...].firstIndex(of: ".") else { return (path[...], "") }
    return (path[..<dot], path[path.index(after: dot)...].lowercased())
  }

  /// The next file that matters.
  private func nextFile() throws -> (name: String, bytes: [UInt8]?)? {
    if let file = held {
      held = nil
      return file
    }
    while true {
      if archive == nil {
        guard nextArchive < urls.count else { return nil }
        let url = urls[nextArchive]
        nextArchive += 1
        archive = (try TarReader(url), url.path)
      }
      guard let (reader, path) = archive else { return nil }
      let file: (String, [UInt8]?)? = try ByteStream.naming(path, format: "tar") {
        guard let entry = try reader.next() else { return nil }
        // Beside a picture, macOS writes a file "._name" with what no other system knows.
        let last = entry.name.split(separator: "/").last ?? ""
        if last.hasPrefix(".") || last.isEmpty { return ("", nil) }
        return (entry.name, entry.size <= Self.largest ? try reader.read(upTo: entry.size) : nil)
      }
      guard let file else {
        archive = nil
        // A sample does not go on in another archive.
        continue
      }
      if !file.0.isEmpty { return (name: file.0, bytes: file.1) }
    }
  }

  func next() throws -> ImportRecord? {
    var record: ImportRecord?
    var key: Substring?
    while let file = try nextFile() {
      let (found, ending) = Self.key(file.name)
      if let key, key != found {
        if record != nil {
          held = file
          return record
        }
        // Texts without a picture.
        pending = [:]
      }
      key = found
      let kind = ending.split(separator: ".").last.map(String.init) ?? ""
      switch kind {
      case "jpg", "jpeg", "png", "webp", "gif", "bmp":
        // A second picture of a sample is another one, as a mask is.
        if record != nil { break }
        record = ImportRecord(
          picture: file.bytes.map { .file($0) } ?? .none("it is larger than \(Self.largest) bytes"), name: file.name)
        record?.columns["source_path"] = .text(file.name)
      case "txt", "caption", "json", "cls": pending[kind] = file.bytes
      default: break
      }
      add(pending, to: &record)
    }
    return record
  }

  /// Gives a picture what is known of it; texts may stand before it.
  private func add(_ texts: [String: [UInt8]], to record: inout ImportRecord?) {
    guard var found = record else { return }
    if let json = texts["json"] {
      let row = CaptionTable.object(json)
      if row == nil { found.problem = "the .json beside it is no JSON object and was left out" }
      found.columns.merge(row ?? [:]) { _, new in new }
      found.caption = found.caption ?? CaptionTable.captionColumns.lazy.compactMap { row?[$0]?.words }.first
    }
    for kind in ["txt", "caption"] {
      if let text = texts[kind].flatMap({ JSONValue.text(TextBytes.decode($0).text).words }) { found.caption = text }
    }
    if let label = texts["cls"].flatMap({ JSONValue.text(TextBytes.decode($0).text).words }) {
      found.columns["label"] = Int64(label).map { .int($0) } ?? .text(label)
    }
    record = found
    pending = [:]
  }
}
