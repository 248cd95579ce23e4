import Foundation

/// Where a recipe's pictures come from.
public struct DataRecipe: Codable, Sendable, Equatable {
  public enum Kind: String, Codable, Sendable {
    /// Generated scenes of cut-out drawings.
    case scenes
    /// A folder of pictures with captions.
    case folder
    /// IDX or CIFAR-10 files as they are published.
    case published
  }
  public var kind: Kind
  /// The sprites of scenes, or the folder; relative to the working directory, or else to the folder of `Pipelines/`.
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

  /// What is wrong with the settings alone.
  var problem: RecipeProblem? {
    if let split, kind != .published || ImportOptions.Split(rawValue: split) == nil {
      return RecipeProblem("data.split", "is train or test, of data of the kind published")
    }
    guard kind == .scenes else { return nil }
    let rules: [RecipeProblem.Rule] = [
      (vocabulary != nil, "data.vocabulary", "is missing: scenes are made of the things it lists"),
      ((1...100_000_000).contains(count ?? 0), "data.count", "must be 1 to 100000000"),
      ((0...1).contains(singles ?? 0), "data.singles", "must be 0 to 1"),
    ]
    return RecipeProblem.first(rules)
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
    case .scenes:
      guard let vocabulary, let count, count > 0 else {
        throw TrainingError.noData(path: path, reason: "scenes need a vocabulary and a count")
      }
      let scenes = try SceneSource(
        sprites: url, vocabulary: DataLocation.url(vocabulary), count: count, seed: seed ?? 0, singles: singles)
      if let absence = scenes.absence { note(absence) }
      return scenes
    case .folder:
      let set = try FolderDataSet(url, fit: fit ?? .centerCrop)
      for skipped in set.skipped { note("skipped \(skipped.file): \(skipped.reason)") }
      return UsableImages(set, note: note)
    }
  }
}
