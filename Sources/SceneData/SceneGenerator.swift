import Foundation
import Images

/// One generated picture with what it shows.
public struct Scene: Sendable, Equatable {
  /// Square RGB.
  public var image: Image
  /// Lower case English, at most about 26 words.
  public var caption: String
  public var description: SceneDescription
  /// Every drawn thing, from the back to the front.
  public var figures: [SceneFigure]
}

/// Draws captioned scenes: cut-out things on drawn backgrounds.
///
/// A seed alone decides a scene, whatever was drawn before and on whichever thread. Scenes never
/// contain a held-out combination (``isHeldOut(_:)``) unless their description is given or the mix asks for them.
public struct SceneGenerator: Sendable {
  /// Sides a scene can have, in pixels.
  public static let sides = 64...512

  public let vocabulary: SceneVocabulary
  /// Pixels along each side.
  public let side: Int
  private let composer: SceneComposer
  private let captions: SceneCaption
  /// For each thing of the vocabulary, its drawings.
  private let sprites: [SpriteCast]
  /// Sets of the vocabulary whose folder is not there, sorted; their drawings are left out.
  public let absentSets: [String]

  /// Loads and pre-scales every sprite of a vocabulary.
  /// - Parameters:
  ///   - spriteDirectory: folder of `SET/NAME.png`.
  ///   - vocabulary: text table; its head explains the format.
  ///   - side: pixels along each side of the scenes, 64...512.
  ///   - mix: what share of the scenes is of which kind.
  /// - Throws: one error that names all missing files, or the first file that is bad.
  public init(
    spriteDirectory: URL, vocabulary: URL, side: Int = 128, mix: SceneMix = SceneMix()
  ) throws(SceneDataError) {
    try self.init(
      spriteDirectory: spriteDirectory, vocabulary: SceneVocabulary(contentsOf: vocabulary),
      side: side, mix: mix)
  }

  /// Loads and pre-scales every sprite of a vocabulary.
  public init(
    spriteDirectory: URL, vocabulary: SceneVocabulary, side: Int = 128, mix: SceneMix = SceneMix()
  ) throws(SceneDataError) {
    guard Self.sides.contains(side) else { throw .badSide(side) }
    guard 0...1 ~= mix.singles else { throw .badShare(mix.singles) }
    self.vocabulary = vocabulary
    self.side = side
    captions = SceneCaption(vocabulary: vocabulary)
    let folder = try SpriteFolder(spriteDirectory)
    let present = try folder.check(vocabulary)
    composer = SceneComposer(vocabulary: present.vocabulary, mix: mix)
    absentSets = present.absentSets
    sprites = try folder.load(present.vocabulary)
  }

  /// What to tell people about absent sets; nil if all are there.
  public var absence: String? {
    guard !absentSets.isEmpty else { return nil }
    return "drawings of \(absentSets.joined(separator: ", ")) are not there; scenes are made without them"
  }

  /// Draws the scene of a seed.
  /// - Parameter side: pixels along each side, if not ``side``; a seed shows the same at every size.
  public func scene(seed: UInt64, side: Int? = nil) -> Scene {
    let description = description(seed: seed)
    return draw(description, seed: seed, side: side ?? self.side)
  }

  /// Decides what the scene of a seed shows, without drawing it.
  public func description(seed: UInt64) -> SceneDescription {
    var random = SceneRandom(seed: seed, stream: 1)
    return composer.description(&random)
  }

  /// Captions a description as the scene of `seed` would be.
  public func caption(_ description: SceneDescription, seed: UInt64) -> String {
    var random = SceneRandom(seed: seed, stream: 2)
    return captions.caption(description, &random)
  }

  /// Draws a scene that was asked for, held out or not; nil if it names a thing, or a style, that is unknown or whose
  /// drawings are not there.
  /// - Parameter side: pixels along each side, if not ``side``.
  public func scene(_ description: SceneDescription, seed: UInt64, side: Int? = nil) -> Scene? {
    let known = description.items.allSatisfy { composer.indices[$0.thing] != nil }
    let isDrawable = description.style.map { style in
      composer.vocabulary.styles.contains { $0.word == style }
    }
    guard known, isDrawable ?? true, 1...2 ~= description.items.count,
      description.items.allSatisfy({ 1...3 ~= $0.count })
    else { return nil }
    return draw(description, seed: seed, side: side ?? self.side)
  }

  private func draw(_ description: SceneDescription, seed: UInt64, side: Int) -> Scene {
    var scenery = Scenery(
      canvas: Canvas(side: side), random: SceneRandom(seed: seed, stream: 3),
      light: description.light)
    let stage = scenery.draw(description)
    var random = SceneRandom(seed: seed, stream: 4)
    let set = vocabulary.set(ofStyle: description.style)
    let cast = description.items.compactMap { item in
      composer.indices[item.thing].map { (vocabulary.things[$0], sprites[$0].choose(item, set: set, &random)) }
    }
    var layout = SceneLayout(
      scene: description, stage: stage, random: random, cast: cast, isFree: vocabulary.house == nil,
      grid: vocabulary.grid)
    let placements = layout.placements()
    for placement in placements where placement.shadow && stage.shadow > 0 {
      scenery.canvas.contactShadow(placement, opacity: stage.shadow)
    }
    for placement in placements {
      scenery.canvas.separate(placement, tint: stage.tint)
      scenery.canvas.draw(placement, tint: stage.tint)
      if let water = stage.water, placement.floats {
        scenery.wave(
          placement.x, placement.width / 2 + 0.02,
          at: placement.bottom - placement.height * 0.13,
          depth: max(0.07, placement.height * 0.13 + 0.03), colour: water)
      }
    }
    scenery.drawForeground()
    return Scene(
      image: scenery.canvas.image(), caption: caption(description, seed: seed),
      description: description, figures: placements.map { figure($0, description) })
  }

  private func figure(_ placement: Placement, _ description: SceneDescription) -> SceneFigure {
    let item = description.items[placement.item]
    return SceneFigure(
      placement, thing: composer.indices[item.thing] ?? 0, name: item.thing,
      colour: item.colour ?? placement.sprite.colour)
  }
}
