@_exported import DataSets
import Foundation

/// Where a recipe's pictures come from.
public struct DataRecipe: Codable, Sendable, Equatable {
  /// What kind of data it is: files, or a `DataKind` that the program hands in.
  public struct Kind: RawRepresentable, Codable, Sendable, Hashable {
    public let rawValue: String

    public init(rawValue: String) { self.rawValue = rawValue }

    /// Generated scenes of cut-out drawings.
    public static let scenes = Kind(rawValue: "scenes")
    /// A folder of pictures with captions.
    public static let folder = Kind(rawValue: "folder")
    /// IDX or CIFAR-10 files as they are published.
    public static let published = Kind(rawValue: "published")
  }
  public var kind: Kind
  /// The sprites of scenes, or the folder; relative to the working directory, or else to the folder of `Pipelines/`.
  /// Empty for data that lies nowhere.
  public var path: String
  /// The things scenes are made of (scenes only).
  public var vocabulary: String?
  /// Scenes in all (scenes only).
  public var count: Int?
  public var seed: UInt64?
  /// Share of scenes that show a single thing, 0...1 (scenes only; nil: the usual mix).
  public var singles: Float?
  public var fit: FolderDataSet.Fit?
  /// Which part of published files: `train`, the usual one, or `test`.
  public var split: String?
  /// What to do where the data is not there, in a line.
  public var fetch: String?

  /// Keys that decide nothing of what is learnt.
  static let incidental = ["fetch"]

  public init(from decoder: any Decoder) throws {
    let c = try decoder.container(keyedBy: CodingKeys.self)
    kind = try c.decode(Kind.self, forKey: .kind)
    let hasPath = DataKind.named(kind.rawValue)?.hasPath ?? true
    path = hasPath ? try c.decode(String.self, forKey: .path) : try c.decodeIfPresent(String.self, forKey: .path) ?? ""
    vocabulary = try c.decodeIfPresent(String.self, forKey: .vocabulary)
    count = try c.decodeIfPresent(Int.self, forKey: .count)
    seed = try c.decodeIfPresent(UInt64.self, forKey: .seed)
    singles = try c.decodeIfPresent(Float.self, forKey: .singles)
    fit = try c.decodeIfPresent(FolderDataSet.Fit.self, forKey: .fit)
    split = try c.decodeIfPresent(String.self, forKey: .split)
    fetch = try c.decodeIfPresent(String.self, forKey: .fetch)
  }

  /// What is wrong with the settings alone.
  package var problem: RecipeProblem? {
    if let split, kind != .published || ImportOptions.Split(rawValue: split) == nil {
      return RecipeProblem("data.split", "is train or test, of data of the kind published")
    }
    if kind == .folder || kind == .published { return nil }
    if let handedIn = DataKind.named(kind.rawValue) { return handedIn.problem(self) }
    return RecipeProblem("data.kind", "\"\(kind.rawValue)\" is none of \(DataKind.names.joined(separator: ", "))")
  }

  /// Opens the data set; pictures that cannot be used are reported when they are met.
  public func open(note: @escaping (String) -> Void) throws -> any CaptionedImages {
    let url = DataLocation.url(path)
    if let fetch, !FileManager.default.fileExists(atPath: url.path) {
      throw TrainingError.noData(path: path, reason: "is not there: \(fetch)")
    }
    switch kind {
    case .published:
      return try PublishedPictures(url, split: split.flatMap { ImportOptions.Split(rawValue: $0) } ?? .train)
    case .folder:
      let set = try FolderDataSet(url, fit: fit ?? .centerCrop)
      for skipped in set.skipped { note("skipped \(skipped.file): \(skipped.reason)") }
      return UsableImages(set, note: note)
    default:
      guard let handedIn = DataKind.named(kind.rawValue) else {
        throw TrainingError.noData(path: path, reason: "this program cannot make data of the kind \(kind.rawValue)")
      }
      return try handedIn.open(self, url, note)
    }
  }
}
