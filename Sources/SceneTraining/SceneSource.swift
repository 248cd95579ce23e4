import Foundation
import SceneData
import Training

/// Generated scenes, one for each index.
public struct SceneSource: CaptionedImages {
  public let count: Int
  let generator: SceneGenerator
  private let seed: UInt64
  /// Each set of drawings' number.
  let hands: [String: Int]

  /// - Parameter singles: share of scenes that show a single thing, nil: the usual one.
  public init(sprites: URL, vocabulary: URL, count: Int, seed: UInt64, singles: Float? = nil) throws {
    var mix = SceneMix()
    if let singles { mix.singles = singles }
    generator = try SceneGenerator(spriteDirectory: sprites, vocabulary: vocabulary, mix: mix)
    self.count = count
    self.seed = seed
    let things = generator.vocabulary.things
    let sets = Set(things.flatMap { $0.sprites + $0.standSprites + $0.faceSprites }.map(\.set))
    hands = Dictionary(uniqueKeysWithValues: sets.sorted().enumerated().map { ($1, $0) })
  }

  /// What to tell people about sets of drawings that are not there; nil if all are.
  public var absence: String? { generator.absence }

  /// A scene with the truth about it, `size` pixels along each side.
  public func scene(_ index: Int, size: Int) -> Scene {
    let seed = seed &+ UInt64(index)
    guard !SceneGenerator.sides.contains(size) else { return generator.scene(seed: seed, side: size) }
    var scene = generator.scene(seed: seed)
    scene.image = scene.image.resized(width: size, height: size, filter: .area)
    return scene
  }

  public func example(_ index: Int, size: Int) throws -> CaptionedImage {
    let scene = scene(index, size: size)
    return CaptionedImage(image: scene.image, caption: scene.caption)
  }
}
