import Foundation
import Generation

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
  /// Bytes that were read.
  private var length: UInt64 = 0

  /// Reads a folder's manifest; one that is not there is empty. Lines that are none, such as one cut short, are skipped:
  /// their pictures are made again.
  init(folder: URL) {
    url = folder.appendingPathComponent(Self.name)
    refresh()
  }

  /// Reads the lines that came since, other processes' among them.
  mutating func refresh() {
    guard let handle = try? FileHandle(forReadingFrom: url) else { return }
    defer { try? handle.close() }
    guard (try? handle.seek(toOffset: length)) != nil, let data = try? handle.readToEnd(), !data.isEmpty else { return }
    // A line that is not whole yet is read the next time.
    let end = data.lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? data.startIndex
    endsWithNewline = end == data.endIndex
    length += UInt64(end - data.startIndex)
    for line in data.split(separator: UInt8(ascii: "\n")) {
      guard let entry = try? JSONDecoder().decode(Entry.self, from: Data(line)) else { continue }
      note(entry)
    }
  }

  private mutating func note(_ entry: Entry) {
    // Pictures lie beside it.
    guard !entry.file.contains("/"), entry.file != "..", !entry.file.isEmpty else { return }
    files[entry.identity] = entry.file
    owners[entry.file] = entry.identity
  }

  /// The file that was written for an identity, which may be gone or damaged since.
  func written(_ identity: String) -> URL? {
    files[identity].map { url.deletingLastPathComponent().appendingPathComponent($0) }
  }

  /// Whether a file was written for an identity.
  func owns(_ file: URL, _ identity: String) -> Bool { owners[file.lastPathComponent] == identity }

  /// The place of a new picture: `wanted`, or one beside it if that is another picture's or a file from elsewhere.
  func free(_ wanted: URL, for identity: String) -> URL {
    if owners[wanted.lastPathComponent] == identity { return wanted }
    return NewNames.free(wanted) { owners[$0.lastPathComponent] == nil }
  }

  /// Throws unless lines can be added, before any work is done.
  static func check(folder: URL) throws(JobError) {
    let url = folder.appendingPathComponent(name)
    guard FileManager.default.fileExists(atPath: url.path) else { return }
    let file = open(url.path, O_WRONLY | O_APPEND | O_CLOEXEC | O_NONBLOCK)
    guard file >= 0 else {
      throw .unreadable(path: url.path, reason: "cannot be written: \(String(cString: strerror(errno)))")
    }
    close(file)
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
