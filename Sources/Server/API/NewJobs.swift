import Foundation
import Hummingbird
import Jobs

/// The body of `POST /api/jobs`: one job, a prompt file, or a grid of two settings.
struct NewJobs: Decodable, Sendable {
  /// Two settings that are tried against each other.
  struct Grid: Decodable, Sendable {
    struct Axis: Decodable, Sendable {
      let setting: String
      let values: [String]

      enum CodingKeys: String, CodingKey, CaseIterable { case setting, values }

      init(from decoder: any Decoder) throws {
        try decoder.refuseUnknown(CodingKeys.self)
        let container = try decoder.container(keyedBy: CodingKeys.self)
        setting = try container.decode(String.self, forKey: .setting)
        values = try container.decode([ScalarText].self, forKey: .values).map(\.text)
      }
    }

    let x: Axis
    let y: Axis?

    enum CodingKeys: String, CodingKey, CaseIterable { case x, y }

    init(from decoder: any Decoder) throws {
      try decoder.refuseUnknown(CodingKeys.self)
      let container = try decoder.container(keyedBy: CodingKeys.self)
      x = try container.decode(Axis.self, forKey: .x)
      y = try container.decodeIfPresent(Axis.self, forKey: .y)
    }
  }

  let settings: PictureJob
  let image, mask: Data?
  let promptFile: String?
  let grid: Grid?

  enum CodingKeys: String, CodingKey, CaseIterable { case settings, image, mask, count, promptFile, grid }

  init(from decoder: any Decoder) throws {
    try decoder.refuseUnknown(CodingKeys.self)
    let container = try decoder.container(keyedBy: CodingKeys.self)
    var settings = try container.decodeIfPresent(PictureJob.self, forKey: .settings) ?? PictureJob()
    if let count = try container.decodeIfPresent(Int.self, forKey: .count) {
      guard count >= 1 else { throw APIError(.unprocessableContent, "count must be 1 or more", setting: "count") }
      settings.count = count
    }
    self.settings = settings
    image = try container.decodeIfPresent(String.self, forKey: .image).map { try Base64Picture.data($0, "image") }
    mask = try container.decodeIfPresent(String.self, forKey: .mask).map { try Base64Picture.data($0, "mask") }
    promptFile = try container.decodeIfPresent(String.self, forKey: .promptFile)
    grid = try container.decodeIfPresent(Grid.self, forKey: .grid)
    guard promptFile == nil || grid == nil else {
      throw APIError(.unprocessableContent, "give promptFile or grid, not both", setting: "grid")
    }
    guard container.contains(.settings) || promptFile != nil else {
      throw APIError(.unprocessableContent, "settings is missing", setting: "settings")
    }
  }

  /// Puts the jobs into the queue.
  func add(to desk: JobDesk) throws -> JSONAnswer {
    if let promptFile { return try add(promptFile, to: desk) }
    if let grid { return try add(grid, to: desk) }
    let job = try desk.add([asked(settings)], .own)[0]
    return try JSONAnswer(NewJob(id: job.id, position: job.read { $0.position }), status: .accepted)
  }

  private func asked(_ settings: PictureJob, group: String? = nil) -> JobDesk.Asked {
    JobDesk.Asked(settings: settings, image: image, mask: mask, group: group)
  }
}

/// A job that was taken.
struct NewJob: Encodable {
  let id: String
  let position: Int
}

/// A number, a text, or true and false, as text.
struct ScalarText: Decodable {
  let text: String

  init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    if let value = try? container.decode(Bool.self) {
      text = "\(value)"
    } else if let value = try? container.decode(UInt64.self) {
      text = "\(value)"
    } else if let value = try? container.decode(Double.self) {
      text = value == value.rounded() && abs(value) < 1e15 ? "\(Int(value))" : "\(value)"
    } else {
      text = try container.decode(String.self)
    }
  }
}
