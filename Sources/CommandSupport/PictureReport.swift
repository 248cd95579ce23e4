import Foundation
import Generation
import Jobs

/// Tells about a finished picture: JSON on stdout, or a line on stderr.
public struct PictureReport: Encodable {
  let path, prompt: String
  let line: Int?
  let seed: UInt64
  let width, height: Int
  let steps: Int?
  let cfg: Float?
  let sampler, model: String?
  let schedule: String?
  let strength: Double?
  let seconds: Double

  public init(_ picture: FinishedPicture) {
    let record = picture.record
    (path, line, seconds) = (picture.url?.path ?? "", picture.line, picture.seconds)
    (width, height, strength) = (picture.width, picture.height, picture.strength)
    (prompt, seed, model) = (record.prompt ?? "", picture.seed, record.model)
    (steps, cfg, sampler, schedule) = (record.steps, record.cfg, record.sampler, record.schedule)
  }

  public func show(_ compute: ComputeOptions) throws {
    if compute.json {
      try Terminal.json(self)
    } else if !compute.quiet {
      Terminal.error("\(path)  seed \(seed), \(String(format: "%.1f s", seconds))")
    }
  }
}

/// Tells about a grid of pictures.
struct GridReport: Encodable {
  let grid: String

  init(_ url: URL) { grid = url.path }

  func show(_ compute: ComputeOptions) throws {
    if compute.json { try Terminal.json(self) } else if !compute.quiet { Terminal.error(grid) }
  }
}

extension Terminal {
  /// One JSON object on a line of stdout.
  public static func json(_ value: some Encodable) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    out(String(decoding: try encoder.encode(value), as: UTF8.self))
  }
}
