import Evaluation
import Foundation
import Images
import Training

/// How pictures of a lesson are judged by what they show.
public struct JudgeSettings: Codable, Sendable, Equatable {
  /// Scenes the judge learns from.
  public var learnt: Int
  /// Pictures that are drawn and judged.
  public var drawn: Int
  /// What it sees with: a file or folder as `imago eval` takes it; nil for the bundled model's encoder.
  public var network: String?

  /// - Parameter heldBack: pictures that are not learnt from, of which the drawn ones' captions are.
  func problem(heldBack: Int, data: DataRecipe) -> RecipeProblem? {
    RecipeProblem.first([
      (data.kind == .scenes, "judge", "needs scenes, whose builder knows what they show"),
      ((2...100_000).contains(learnt), "judge.learnt", "must be 2 to 100000"),
      ((2...heldBack).contains(drawn), "judge.drawn", "must be 2 to held_back \(heldBack)"),
    ])
  }
}

/// Scenes of a recipe's data of which it is known what they show, those with one figure.
struct KnownScenes {
  let images: any DescribedImages
  let size: Int
  /// Of all the data.
  let captions: [String]
  let truths: [SceneTruth]

  /// - Throws: `noData` if the cache does not say what its pictures show.
  init(_ data: DataRecipe, size: Int, cache: LatentCache) throws {
    guard let images = try data.open(note: { _ in }) as? any DescribedImages, !cache.truths.isEmpty else {
      throw TrainingError.noData(path: data.path, reason: "does not say what its pictures show, as `judge` needs it")
    }
    (self.images, self.size, captions, truths) = (images, size, cache.captions, cache.truths)
  }

  /// The first so many scenes with one figure within a range.
  /// - Throws: `noData` if there are fewer than two.
  func single(_ range: Range<Int>, limit: Int) throws -> [Int] {
    let found = Array(range.lazy.filter { truths[$0].figures == 1 }.prefix(limit))
    guard found.count > 1 else {
      throw TrainingError.noData(
        path: "data.count", reason: "\(found.count) scenes with one thing: none to be judged by")
    }
    return found
  }

  func image(_ index: Int) throws -> Image { try images.described(index, size: size).example.image }

  /// Pictures of some scenes as what is judged.
  /// - Parameter load: gives the picture at a place of the list.
  func judged(_ indices: [Int], _ load: @escaping @Sendable (_ place: Int) throws -> Image) -> JudgedPictures {
    JudgedPictures(
      place: "scenes", names: indices.map { "scene \($0)" }, captions: indices.map { captions[$0] },
      truths: indices.map { PictureTruth(answers: ["thing": ["\(truths[$0].thing)"]]) }, load: load)
  }
}

/// Says which thing a picture shows: a linear probe on a network's features, fitted to scenes of the recipe's own data.
struct SceneJudge {
  private let network: any FeatureNetwork
  private let probe: LinearProbe

  /// - Parameters:
  ///   - pictures: to learn from.
  ///   - network: as `JudgeSettings` names it.
  init(_ pictures: JudgedPictures, network path: String?) throws {
    network = try FeatureNetworks.open(path)
    probe = try LinearProbe(try PictureFeatures(pictures, network), network: network)
  }

  func features(_ pictures: JudgedPictures) throws -> PictureFeatures { try PictureFeatures(pictures, network) }

  /// The share of pictures in which it finds the thing they should show, with its interval; nil if it knows none of them.
  func share(_ features: PictureFeatures) -> Estimate? {
    ProbeJudgement(probe, generated: features, real: nil, symmetric: nil, Resampling()).groups
      .first { $0.name == "thing" }?.found
  }
}
