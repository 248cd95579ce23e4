import Foundation

/// `manifest.jsonl`: one line for each finished picture of its folder.
struct Manifest {
  static let name = "manifest.jsonl"

  /// What a line holds.
  struct Entry: Codable, Equatable {
    /// The picture's name in the folder.
    var file: String
    /// The hash of all that decides the picture.
    var identity: String
    var line: Int?
    var seed: UInt64
    var seconds: Double
    /// The picture's settings as its file holds them.
    var parameters: String
  }

  let url: URL
  private var files: [String: String] = [:]
  private var owners: [String: String] = [:]
  private var endsWithNewline = true

  /// Reads a folder's manifest; one that is not there is empty. Lines that are none, such as one cut short, are skipped:
  /// their pictures are made again.
  init(folder: URL) {
    url = folder.appendingPathComponent(Self.name)
    guard let data = try? Data(contentsOf: url) else { return }
    endsWithNewline = data.isEmpty || data.last == UInt8(ascii: "\n")
    for line in data.split(separator: UInt8(ascii: "\n")) {
      guard let entry = try? JSONDecoder().decode(Entry.self, from: Data(line)) else { continue }
      note(entry)
    }
  }

  private mutating func note(_ entry: Entry) {
    files[entry.identity] = entry.file
    owners[entry.file] = entry.identity
  }

  /// The finished picture of an identity, if its file still exists.
  func finished(_ identity: String) -> URL? {
    guard let name = files[identity] else { return nil }
    let file = url.deletingLastPathComponent().appendingPathComponent(name)
    return FileManager.default.fileExists(atPath: file.path) ? file : nil
  }

  /// The place of a new picture: `wanted`, or one beside it if that holds another finished picture.
  func free(_ wanted: URL, for identity: String) -> URL {
    var (file, number) = (wanted, 1)
    while let owner = owners[file.lastPathComponent], owner != identity {
      number += 1
      let stem = wanted.deletingPathExtension().lastPathComponent
      file = wanted.deletingLastPathComponent().appendingPathComponent("\(stem)-\(number).\(wanted.pathExtension)")
    }
    return file
  }

  /// Adds a finished picture in one write, so that other processes' lines stay whole.
  mutating func append(_ entry: Entry) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    let text = String(decoding: try encoder.encode(entry), as: UTF8.self)
    let bytes = Array(((endsWithNewline ? "" : "\n") + text + "\n").utf8)
    let file = open(url.path, O_WRONLY | O_APPEND | O_CREAT, 0o644)
    guard file >= 0 else {
      throw JobError.unreadable(path: url.path, reason: "cannot be written: \(String(cString: strerror(errno)))")
    }
    defer { close(file) }
    guard write(file, bytes, bytes.count) == bytes.count else {
      throw JobError.unreadable(path: url.path, reason: "cannot be written: \(String(cString: strerror(errno)))")
    }
    endsWithNewline = true
    note(entry)
  }
}
