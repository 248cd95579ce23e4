import DataSets
import Foundation
import SceneData

/// What a picture is known to show: answers to questions that a probe can be asked.
public struct PictureTruth: Sendable, Equatable {
  /// By question, such as `thing`, `colour`, `count`, `place` or `label`; of things there may be two.
  public var answers: [String: [String]] = [:]
  /// The description of a generated scene.
  public var scene: SceneDescription?

  public init(answers: [String: [String]] = [:], scene: SceneDescription? = nil) {
    (self.answers, self.scene) = (answers, scene)
  }

  /// From the columns of a picture's row: a scene's description, or a label.
  public init(_ columns: [String: JSONValue]) {
    if let value = columns["scene"], let data = try? JSONEncoder().encode(value),
      let scene = try? JSONDecoder().decode(SceneDescription.self, from: data)
    {
      self.init(scene)
    } else {
      self.init(answers: columns["label"]?.words.map { ["label": [$0]] } ?? [:])
    }
  }

  /// Of a scene. Colour and number are asked of scenes with one kind of thing.
  public init(_ scene: SceneDescription) {
    self.scene = scene
    answers["place"] = [scene.place.rawValue]
    answers["thing"] = scene.items.map(\.thing)
    guard scene.items.count == 1, let item = scene.items.first else { return }
    answers["count"] = [String(item.count)]
    if let colour = item.colour { answers["colour"] = [colour] }
  }

  /// The answer to a question that has a single one.
  func answer(_ question: String) -> String? { answers[question].flatMap { $0.count == 1 ? $0[0] : nil } }

  /// Both things of a scene with two kinds of them, and how the first stands to the second.
  public var pair: (first: String, second: String, relation: SceneDescription.Relation)? {
    guard let scene, let relation = scene.relation, scene.items.count == 2 else { return nil }
    return (scene.items[0].thing, scene.items[1].thing, relation)
  }

  /// Of a scene of two kinds of things the half in which each stands by itself, where the words say it: 0 the left, 1 the right, 2 the
  /// upper, 3 the lower half.
  var halves: (first: Int, second: Int)? {
    switch pair?.relation {
    case .leftAndRight: (0, 1)
    case .above, .on: (2, 3)
    case .under: (3, 2)
    case .beside, .inFrontOf, nil: nil
    }
  }
}
