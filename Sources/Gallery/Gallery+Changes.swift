import Files
import Foundation
import GRDB
import Images

extension Gallery {
  /// Marks or unmarks a favourite.
  /// - Throws: `GalleryError.unknown`.
  package func setFavourite(_ isFavourite: Bool, of id: Int64) throws {
    try change { db in
      try db.execute(sql: "UPDATE pictures SET favourite = ? WHERE id = ?", arguments: [isFavourite, id])
      if db.changesCount == 0 { throw GalleryError.unknown(id: id) }
    }
  }

  /// Deletes a picture and its file.
  /// - Throws: `GalleryError.unknown`.
  package func delete(_ id: Int64) throws {
    let file = try file(of: id)
    // The file first: a row without one is dropped when the gallery is opened, a file without a row would come back.
    do { try FileManager.default.removeItem(at: url(ofFile: file)) } catch let error as CocoaError
      where error.code == .fileNoSuchFile
    {} catch { throw GalleryError(error, at: folder.path) }
    try? FileManager.default.removeItem(at: url(ofThumbnail: id))
    removeSources(of: file)
    try change { db in try db.execute(sql: "DELETE FROM pictures WHERE id = ?", arguments: [id]) }
  }

  /// The picture's file as it was made.
  /// - Throws: `GalleryError.unknown`, `GalleryError.unusable`.
  package func image(of id: Int64) throws -> (data: Data, format: ImageError.Format) {
    let file = try file(of: id)
    do {
      let data = try Data(contentsOf: url(ofFile: file))
      return (data, file.hasSuffix(".png") ? .png : .jpeg)
    } catch { throw GalleryError(error, at: url(ofFile: file).path) }
  }

  /// Longest side of a thumbnail, in pixels.
  package static let thumbnailSide = 384

  /// A small JPEG of the picture, made when it is first asked for.
  /// - Throws: `GalleryError.unknown`, `GalleryError.unusable`.
  package func thumbnail(of id: Int64) throws -> Data {
    if let data = try? Data(contentsOf: url(ofThumbnail: id)) { return data }
    let file = try file(of: id)
    do {
      let image = try ImageFile.load(url(ofFile: file))
      let scale = min(1, Double(Self.thumbnailSide) / Double(max(image.width, image.height)))
      let small = image.resized(
        width: max(1, Int((Double(image.width) * scale).rounded())),
        height: max(1, Int((Double(image.height) * scale).rounded())), filter: .lanczos3)
      let data = Data(try JPEG.encode(small, quality: 85))
      // A full disk costs time, not the answer.
      try? PartialFile.write(data, to: url(ofThumbnail: id).path)
      return data
    } catch { throw GalleryError(error, at: url(ofFile: file).path) }
  }

  func file(of id: Int64) throws -> String {
    try answer { db in
      guard let file = try String.fetchOne(db, sql: "SELECT file FROM pictures WHERE id = ?", arguments: [id]) else {
        throw GalleryError.unknown(id: id)
      }
      return file
    }
  }

  private func change(_ write: (Database) throws -> Void) throws {
    do { try database.write(write) } catch { throw GalleryError(error, at: folder.path) }
  }
}
