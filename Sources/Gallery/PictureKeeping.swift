import Foundation
import Jobs

/// Where finished pictures go.
package protocol PictureKeeping: Sendable {
  /// Keeps a picture; once this returns it survives the end of the process.
  /// - Parameters:
  ///   - picture: a PNG or JPEG file's content, kept byte for byte.
  ///   - record: its settings as they were used.
  ///   - infotext: the same as its metadata has them.
  ///   - job: whose picture it is; empty for nobody's.
  ///   - index: its place among the job's pictures.
  ///   - sources: what it was made from; kept beside it.
  /// - Returns: its number in the gallery; the one it has already if the job's picture of that place is kept, so that a job
  ///   which goes on after the end of a process makes none twice.
  /// - Throws: `GalleryError`; nothing is left then.
  func add(
    picture: Data, record: PictureJob, infotext: String, job: String, index: Int, madeFrom sources: PictureSources
  ) throws -> Int64
}
