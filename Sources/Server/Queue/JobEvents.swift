import Foundation

/// What is told of a job while it waits and runs: server-sent events.
enum JobEvent: Sendable {
  case queued(position: Int)
  case progress(JobProgress)
  case preview(image: String)
  case picture(JobPicture)
  case note(String)
  case failed(JobFailure)
  case cancelled
  case done

  /// As the stream has it: the event's name and its data, which is one line.
  func text() throws -> String {
    func data(_ value: some Encodable) throws -> String {
      let encoder = JSONEncoder()
      encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
      return String(decoding: try encoder.encode(value), as: UTF8.self)
    }
    let (name, line) =
      switch self {
      case .queued(let position): ("queued", try data(["position": position]))
      case .progress(let progress): ("progress", try data(progress))
      case .preview(let image): ("preview", try data(["image": image]))
      case .picture(let picture): ("picture", try data(picture))
      case .note(let text): ("note", try data(["text": text]))
      case .failed(let failure): ("failed", try data(["error": failure]))
      case .cancelled: ("cancelled", "{}")
      case .done: ("done", "{}")
      }
    return "event: \(name)\ndata: \(line)\n\n"
  }
}

/// How far a job is.
package struct JobProgress: Sendable, Equatable, Encodable {
  /// Steps of the picture that is made, done and in all.
  package var step = 0
  package var steps = 0
  /// The picture, counted from 1, and how many there are.
  package var picture = 0
  package var pictures = 0
  /// Of the whole job; nil before that can be told.
  package var secondsLeft: Double?
}

/// A finished picture, as clients are told of it.
package struct JobPicture: Sendable, Equatable, Codable {
  /// Its number in the gallery; nil for one that is not kept there.
  package var id: Int64?
  /// From 0, in the job.
  package var index: Int
  /// A text: JavaScript's numbers end at 2^53.
  package var seed: String
}

/// Why a job failed.
package struct JobFailure: Sendable, Equatable, Encodable {
  package let message: String
  package var setting: String?
  package var kind: APIError.Kind?

  init(_ error: APIError) { (message, setting, kind) = (error.message, error.setting, error.kind) }
}
