import Files
import Foundation
import GRDB
import Images

/// Why the gallery could not do something.
package enum GalleryError: Error, Equatable, CustomStringConvertible {
  /// No picture has the number.
  case unknown(id: Int64)
  /// What the picture was made from is not kept, or there was nothing.
  case noSource(id: Int64, kind: String)
  /// The folder or its database cannot be opened or written.
  case unusable(path: String, reason: String)
  /// What was handed in is no picture.
  case noPicture(reason: String)
  /// A picture carries no settings.
  case noSettings(reason: String)

  package var description: String {
    switch self {
    case .unknown(let id): "the gallery has no picture \(id): it may have been deleted"
    case .noSource(let id, let kind): "picture \(id) has no \(kind) that it was made from"
    case .unusable(let path, let reason): "\(path): \(reason); free space there or name another folder"
    case .noPicture(let reason), .noSettings(let reason): reason
    }
  }

  /// An error of the file system or of SQLite, in a line.
  init(_ error: any Error, at path: String) {
    self =
      switch error {
      case let error as GalleryError: error
      case let error as DatabaseError:
        .unusable(path: path, reason: error.message ?? "SQLite's error \(error.resultCode.rawValue)")
      default: .unusable(path: path, reason: FileFailure.reason(error))
      }
  }
}
