import Foundation
import Jobs

/// Where finished pictures go.
package protocol PictureKeeping: Sendable {
  /// Keeps a picture; once this returns it survives the end of the process.
  /// - Parameters:
  ///   - picture: a PNG or JPEG file's content, kept byte for byte.
  ///   - record: its settings as they were used.
  ///   - infotext: the same as its metadata has them.
  ///   - job: whose picture it is.
  /// - Returns: its number in the gallery.
  /// - Throws: `GalleryError`; nothing is left then.
  func add(picture: Data, record: PictureJob, infotext: String, job: String) throws -> Int64
}
