import Files
import Foundation
import GRDB
import Images
import Jobs

/// The pictures a server has made: files in a folder, and a database of what is known of them.
///
/// `pictures/` holds the files as they were made, by day; `sources/` what they were made from; `thumbnails/` small ones, made
/// when first asked for; `gallery.sqlite` the rest. A picture has its file before its row: a process that dies in between leaves a file that the next
/// one takes in (`adopt`).
package final class Gallery: PictureKeeping {
  package let folder: URL
  let database: DatabasePool

  /// Opens a folder's gallery, or makes one.
  /// - Throws: `GalleryError.unusable`.
  package init(folder: URL) throws {
    self.folder = folder.standardizedFileURL
    do {
      for name in ["pictures", "thumbnails"] {
        let path = self.folder.appendingPathComponent(name)
        try FileManager.default.createDirectory(at: path, withIntermediateDirectories: true)
      }
      var configuration = Configuration()
      // Another server on the same folder.
      configuration.busyMode = .timeout(10)
      let path = self.folder.appendingPathComponent("gallery.sqlite").path
      database = try DatabasePool(path: path, configuration: configuration)
      try GallerySchema.migrator.migrate(database)
      try adopt()
    } catch { throw GalleryError(error, at: folder.path) }
  }

  package func add(
    picture: Data, record: PictureJob, infotext: String, job: String, index: Int, madeFrom sources: PictureSources
  ) throws -> Int64 {
    if let kept = try number(ofJob: job, index: index) { return kept }
    let header: ImageHeader
    do { header = try ImageHeader(picture) } catch { throw GalleryError.noPicture(reason: "\(error)") }
    let row = try PictureRow(record: record, infotext: infotext, job: job, index: index, header: header)
    do {
      let file = try place(picture, ending: header.format == .png ? "png" : "jpg", seed: row.seed)
      do {
        keep(sources, of: file)
        return try insert(row, file: file)
      } catch {
        removeSources(of: file)
        try? FileManager.default.removeItem(at: url(ofFile: file))
        // Another thread was faster.
        if let kept = try? number(ofJob: job, index: index) { return kept }
        throw error
      }
    } catch { throw GalleryError(error, at: folder.path) }
  }

  private func number(ofJob job: String, index: Int) throws -> Int64? {
    guard !job.isEmpty else { return nil }
    let sql = "SELECT id FROM pictures WHERE job = ? AND place = ?"
    return try answer { db in try Int64.fetchOne(db, sql: sql, arguments: [job, index]) }
  }

  func insert(_ row: PictureRow, file: String) throws -> Int64 {
    try database.write { db in
      try db.execute(
        sql: """
          INSERT INTO pictures (made, job, place, file, width, height, prompt, negative, model, seed, settings, infotext)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
          """,
        arguments: [
          row.made, row.job, row.index, file, row.width, row.height, row.prompt, row.negative, row.model, row.seed,
          row.settings,
          row.infotext,
        ])
      return db.lastInsertedRowID
    }
  }

  // MARK: Files

  /// Gives a picture a name of its own, such as `2026-11-26/143015-42.png`.
  /// - Returns: its path below `pictures/`.
  private func place(_ picture: Data, ending: String, seed: String?) throws -> String {
    let now = Date.now
    let (day, time) = (Self.stamp("yyyy-MM-dd", now), Self.stamp("HHmmss", now))
    let stem = "\(day)/\(time)" + (seed.map { "-\($0)" } ?? "")
    try FileManager.default.createDirectory(at: url(ofFile: day), withIntermediateDirectories: true)
    var number = 1
    while true {
      let file = stem + (number > 1 ? "-\(number)" : "") + ".\(ending)"
      do {
        try FilePlacement.place(at: url(ofFile: file).path, replacing: false) { path in
          try PartialFile.write(picture, to: path)
        }
        return file
      } catch is FilePlacement.Taken { number += 1 }
    }
  }

  private static func stamp(_ format: String, _ date: Date) -> String {
    let formatter = DateFormatter()
    (formatter.locale, formatter.dateFormat) = (Locale(identifier: "en_US_POSIX"), format)
    return formatter.string(from: date)
  }

  func url(ofFile file: String) -> URL { folder.appendingPathComponent("pictures/\(file)") }
  func url(ofThumbnail id: Int64) -> URL { folder.appendingPathComponent("thumbnails/\(id).jpg") }
}
