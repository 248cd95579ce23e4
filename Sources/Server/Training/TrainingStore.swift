import Files
import Foundation
import Images

/// Trainings on disk: a folder for each, with its pictures and what became of it.
struct TrainingStore: Sendable {
  /// What a training's folder says of it.
  private struct Entry: Codable {
    var settings: TrainingSettings
    var created: Date
    /// How it ended; nil for one that is to go on.
    var end: JobPhase?
    var problem: String?
  }

  private let folder: URL
  private static let name = "training.json"

  init(_ folder: URL) throws {
    self.folder = folder
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    // What a server that was killed had not finished writing.
    Partials.sweep(folder.path)
  }

  func place(_ id: String) -> URL { folder.appendingPathComponent(id) }

  /// Keeps a training's pictures, all or none.
  func keep(_ new: NewTraining, _ run: TrainingRun) throws {
    do {
      let partial = try PartialFolder(run.folder.path)
      let pictures = partial.url.appendingPathComponent("pictures")
      try FileManager.default.createDirectory(at: pictures, withIntermediateDirectories: false)
      for (index, picture) in new.pictures.enumerated() {
        let header: ImageHeader
        do { header = try ImageHeader(picture.image) } catch {
          throw APIError(.unprocessableContent, "pictures: number \(index + 1) \(error)", setting: "pictures")
        }
        let stem = NumberedName.padded(index + 1, digits: 4)
        let ending = header.format == .png ? "png" : "jpg"
        try picture.image.write(to: pictures.appendingPathComponent("\(stem).\(ending)"))
        if let caption = picture.caption, !caption.isEmpty {
          try Data(caption.utf8).write(to: pictures.appendingPathComponent("\(stem).txt"))
        }
      }
      try Self.encode(Entry(settings: new.settings, created: .now)).write(
        to: partial.url.appendingPathComponent(Self.name))
      try partial.finish()
    } catch let error as APIError { throw error } catch {
      throw APIError(.insufficientStorage, "\(folder.path): \(FileFailure.reason(error)): free space there")
    }
  }

  /// The trainings that are there, in the order in which they came; those that had no end are to go on.
  func left() -> [TrainingRun] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
    let found = names.compactMap { name -> (run: TrainingRun, created: Date)? in
      let place = place(name)
      guard let data = try? Data(contentsOf: place.appendingPathComponent(Self.name)),
        let entry = try? JSONDecoder().decode(Entry.self, from: data)
      else { return nil }
      let run = TrainingRun(id: name, settings: entry.settings, folder: place)
      run.takeUp(run.results)
      run.change { state in
        state.phase = entry.end ?? .queued
        state.failure = entry.problem.map { APIError(.unprocessableContent, $0) }
      }
      return (run, entry.created)
    }
    return found.sorted { $0.created < $1.created }.map(\.run)
  }

  /// Notes how a training ended.
  func note(_ run: TrainingRun, _ end: JobPhase, _ problem: String?) {
    let file = run.folder.appendingPathComponent(Self.name)
    guard let data = try? Data(contentsOf: file), var entry = try? JSONDecoder().decode(Entry.self, from: data) else {
      return
    }
    (entry.end, entry.problem) = (end, problem)
    if let data = try? Self.encode(entry) { try? PartialFile.write(data, to: file.path) }
  }

  private static func encode(_ entry: Entry) throws -> Data { try JSONEncoder().encode(entry) }
}
