import Checkpoints
import Conditioning
import Diffusion
import Files
import Foundation
import Generation
import Models
import NN

/// The folder of a network that looks at noisy samples: `guide.json`, the network's own folders, and the noise schedule it
/// was trained on in `scheduler/`.
public struct GuideFolder: Sendable {
  public static let indexName = "guide.json"

  /// What kind of network a folder holds.
  public enum Kind: String, Codable, Sendable {
    case classifier = "NoisyClassifier"
    case contrastive = "NoisyContrastiveModel"
  }

  /// The content of `guide.json`.
  public struct Index: Codable, Sendable, Equatable {
    public var kind: Kind
    public var space: SampleSpace
    /// What a classifier's outputs stand for.
    public var classes: [String]?
    /// What a contrastive model's cosines are multiplied by.
    public var logitScale: Float?

    enum CodingKeys: String, CodingKey, CaseIterable {
      case kind = "_class_name"
      case space = "samples"
      case logitScale = "logit_scale"
      case classes
    }

    public init(kind: Kind, space: SampleSpace, classes: [String]? = nil, logitScale: Float? = nil) {
      (self.kind, self.space, self.classes, self.logitScale) = (kind, space, classes, logitScale)
    }

    public init(from decoder: any Decoder) throws {
      let keys = try decoder.singleValueContainer().decode([String: SettingAnything].self).keys
      if let key = keys.sorted().first(where: { CodingKeys(rawValue: $0) == nil }) {
        throw DecodingError.dataCorrupted(
          .init(codingPath: decoder.codingPath, debugDescription: "\(key) is a setting this version does not know"))
      }
      let c = try decoder.container(keyedBy: CodingKeys.self)
      kind = try c.decode(Kind.self, forKey: .kind)
      space = try c.decode(SampleSpace.self, forKey: .space)
      classes = try c.decodeIfPresent([String].self, forKey: .classes)
      logitScale = try c.decodeIfPresent(Float.self, forKey: .logitScale)
    }

    /// Takes any JSON.
    private struct SettingAnything: Decodable { init(from decoder: any Decoder) {} }
  }

  public let url: URL

  /// - Parameter url: the folder, or its `guide.json`.
  public init(_ url: URL) {
    self.url = url.lastPathComponent == Self.indexName ? url.deletingLastPathComponent() : url
  }

  /// What the folder is called in messages and metadata.
  var name: String { url.lastPathComponent }

  func part(_ name: String) -> ModelFolder { ModelFolder(url.appendingPathComponent(name)) }

  /// Reads `guide.json`.
  /// - Parameter flag: what names the folder, for messages.
  func index(_ wanted: Kind, flag: String) throws -> Index {
    let file = url.appendingPathComponent(Self.indexName)
    guard FileManager.default.fileExists(atPath: file.path) else {
      throw GenerationError.noModel(
        path: url.path, reason: "has no \(Self.indexName): \(flag) takes the folder that imago train wrote")
    }
    let index = try ModelFolder.decode(Index.self, from: file)
    guard index.kind == wanted else {
      let other = wanted == .classifier ? "`guide`" : "`classifier`"
      throw GenerationError.noModel(
        path: url.path, reason: "is a \(index.kind.rawValue), which \(flag) does not take; give it with \(other)")
    }
    return index
  }

  /// The noise schedule the network was trained on; nil for one that saw clean samples alone.
  func scheduler() throws -> SchedulerConfig? {
    let file = part("scheduler").url.appendingPathComponent("scheduler_config.json")
    guard FileManager.default.fileExists(atPath: file.path) else { return nil }
    return try ModelFolder.decode(SchedulerConfig.self, from: file)
  }

  /// Writes `guide.json` and the schedule.
  public func save(_ index: Index, scheduler: SchedulerConfig?) throws {
    if let scheduler {
      let folder = part("scheduler").url
      try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
      try ModelFolder.writeJSON(
        scheduler, className: scheduler.className, to: folder.appendingPathComponent("scheduler_config.json"))
    }
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    try ModelFolder.writeJSON(index, className: nil, to: url.appendingPathComponent(Self.indexName))
  }
}
