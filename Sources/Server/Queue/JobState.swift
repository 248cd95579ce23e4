import Foundation

/// Where a job stands.
package enum JobPhase: String, Sendable, Codable {
  case queued, running, done, failed, cancelled

  /// Whether nothing more happens to it.
  package var isOver: Bool { self != .queued && self != .running }
}

/// A finished picture with its bytes, for whoever waits for it.
package struct MadeFile: Sendable {
  /// A PNG with the settings in it, as the command writes it.
  package let png: Data
  /// Its settings as text.
  package let infotext: String
  package let seed: UInt64
  package let index: Int
}

/// All that changes of a job, under its lock.
struct JobState: Sendable {
  var phase = JobPhase.queued
  /// Jobs before it.
  var position = 0
  var progress = JobProgress()
  var pictures: [JobPicture] = []
  /// Pictures that nobody keeps but the request that waits.
  var files: [MadeFile] = []
  /// A mask that was found, as PNG.
  var mask: Data?
  var notes: [String] = []
  var failure: APIError?
  /// The latest preview, a JPEG, and how many there were.
  var preview: (number: Int, jpeg: Data)?

  /// What it was told to do.
  var isCancelled = false
  /// Ends the picture that is drawn as it is, and no further one is begun.
  var isInterrupted = false
  /// Ends the picture that is drawn as it is.
  var skipsPicture = false
  /// Whether the picture that comes next was ended before it was finished.
  var isHalfMade = false

  /// When somebody last asked for previews, and how many follow the job's events.
  var previewAsked: ContinuousClock.Instant?
  var followers = Followers()
  var lastWaiter = 0
  var waiters: [Int: CheckedContinuation<Void, Never>] = [:]

  /// Tells everybody that something changed.
  func tell() { followers.tell() }
}
