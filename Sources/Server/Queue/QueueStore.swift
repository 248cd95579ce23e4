import Files
import Foundation
import Jobs

/// The queue on disk: a folder for each job, with its settings and the pictures it reads.
///
/// A job's folder is there, whole, before its request is answered, and goes when the job is over. A process that is killed
/// leaves those of the jobs that were not, and the next one goes on with them.
package struct QueueStore: Sendable {
  /// What a folder's `job.json` says.
  struct Entry: Codable, Sendable {
    var id: String
    var group: String?
    var created: Date
    /// As they were asked for, files by their names, with a seed.
    var settings: PictureJob
    /// Names of the pictures it reads, in its folder.
    var image: String?
    var mask: String?
    /// What is finished of it.
    var finished: [JobPicture] = []
  }

  /// A picture that came with a request.
  struct Input: Sendable {
    let data: Data
    /// `png` or `jpg`.
    let ending: String
  }

  let folder: URL
  private static let name = "job.json"

  /// - Throws: `APIError` if the folder cannot be made.
  init(_ folder: URL) throws {
    self.folder = folder
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
  }

  func place(_ id: String) -> URL { folder.appendingPathComponent(id, isDirectory: true) }

  /// Writes a job's folder, whole or not at all.
  /// - Returns: the names of the pictures in it.
  /// - Throws: `APIError` 507 where there is no room.
  func write(_ entry: Entry, image: Input?, mask: Input?, isKept: Bool) throws -> Entry {
    var entry = entry
    do {
      let partial = try PartialFolder(place(entry.id).path)
      func put(_ data: Data, _ name: String) throws {
        try data.write(to: partial.url.appendingPathComponent(name))
      }
      if let image {
        entry.image = "image.\(image.ending)"
        try put(image.data, "image.\(image.ending)")
      }
      if let mask {
        entry.mask = "mask.\(mask.ending)"
        try put(mask.data, "mask.\(mask.ending)")
      }
      if isKept { try put(try Self.encode(entry), Self.name) }
      try partial.finish()
    } catch {
      throw APIError(
        .insufficientStorage,
        "\(folder.path): \(FileFailure.reason(error)), so the job cannot be kept: free space there")
    }
    return entry
  }

  /// Notes what is finished of a job. Where that cannot be written, it is made once more after a crash.
  func note(_ entry: Entry) {
    guard let data = try? Self.encode(entry) else { return }
    try? PartialFile.write(data, to: place(entry.id).appendingPathComponent(Self.name).path)
  }

  func remove(_ job: ServedJob) { remove(job.id) }

  func remove(_ id: String) { try? FileManager.default.removeItem(at: place(id)) }

  /// The jobs that are left from before, in the order in which they came. Folders of requests that somebody waited for are
  /// removed: nobody does any more.
  func left() -> [Entry] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
    let entries = names.filter { !$0.hasPrefix(".") }.compactMap { name -> Entry? in
      let file = place(name).appendingPathComponent(Self.name)
      guard let data = try? Data(contentsOf: file), let entry = try? JSONDecoder().decode(Entry.self, from: data),
        entry.id == name
      else {
        remove(name)
        return nil
      }
      return entry
    }
    return entries.sorted { ($0.created, $0.id) < ($1.created, $1.id) }
  }

  private static func encode(_ entry: Entry) throws -> Data {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return try encoder.encode(entry)
  }
}
