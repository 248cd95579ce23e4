import DataSets
import Images
import Training

/// Drawings of plain figures with captions, made when they are asked for: data that needs no files.
package struct ShapeScenes: CaptionedImages {
  package let count: Int
  private let seed: UInt64

  package init(count: Int, seed: UInt64) { (self.count, self.seed) = (count, seed) }

  package func scene(_ index: Int) -> ShapeScene { ShapeScene(index, seed: seed) }

  package func example(_ index: Int, size: Int) -> CaptionedImage {
    let scene = scene(index)
    return CaptionedImage(image: scene.image(side: size), caption: scene.caption)
  }
}

extension DataKind {
  /// Plain figures on plain grounds, as many as `count` says.
  package static let shapes = DataKind(
    name: "shapes", hasPath: false,
    problem: { data in
      RecipeProblem.first([
        (data.path.isEmpty, "data.path", "has nothing to say: shapes are drawn from their numbers"),
        (data.vocabulary == nil, "data.vocabulary", "is a setting of scenes"),
        (data.singles == nil, "data.singles", "is a setting of scenes"),
        (data.fit == nil, "data.fit", "is a setting of folders"),
        ((1...100_000_000).contains(data.count ?? 0), "data.count", "must be 1 to 100000000"),
      ])
    },
    open: { data, _, _ in ShapeScenes(count: data.count ?? 0, seed: data.seed ?? 0) })
}
