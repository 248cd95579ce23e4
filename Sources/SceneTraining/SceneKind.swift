import Foundation
import Training

extension DataKind {
  /// Generated scenes of cut-out drawings.
  public static let scenes = DataKind(
    name: DataRecipe.Kind.scenes.rawValue,
    problem: { data in
      RecipeProblem.first([
        (data.vocabulary != nil, "data.vocabulary", "is missing: scenes are made of the things it lists"),
        ((1...100_000_000).contains(data.count ?? 0), "data.count", "must be 1 to 100000000"),
        ((0...1).contains(data.singles ?? 0), "data.singles", "must be 0 to 1"),
      ])
    },
    open: { data, url, note in
      guard let vocabulary = data.vocabulary, let count = data.count, count > 0 else {
        throw TrainingError.noData(path: data.path, reason: "scenes need a vocabulary and a count")
      }
      let scenes = try SceneSource(
        sprites: url, vocabulary: DataLocation.url(vocabulary), count: count, seed: data.seed ?? 0,
        singles: data.singles)
      if let absence = scenes.absence { note(absence) }
      return scenes
    })
}
