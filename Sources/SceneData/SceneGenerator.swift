import Foundation
import Images

/// One generated picture with what it shows.
public struct Scene: Sendable, Equatable {
  /// Square RGB.
  public var image: Image
  /// Lower case English, at most about 18 words.
  public var caption: String
  public var description: SceneDescription
}

/// Draws captioned scenes: cut-out things on drawn backgrounds.
///
/// A seed alone decides a scene, whatever was drawn before and on whichever thread. Scenes never
/// contain a held-out combination (``isHeldOut(_:)``) unless their description is given.
public struct SceneGenerator: Sendable {
  /// Sides a scene can have, in pixels.
  public static let sides = 64...512

  public let vocabulary: SceneVocabulary
  /// Pixels along each side.
  public let side: Int
  private let composer: SceneComposer
  private let captions: SceneCaption
  /// For each thing of the vocabulary, its drawings and those used for standing.
  private let sprites: [(all: [Sprite], standing: [Sprite])]
  /// Sets of the vocabulary whose folder is not there, sorted; their drawings are left out.
  public let absentSets: [String]

  /// Loads and pre-scales every sprite of a vocabulary.
  /// - Parameters:
  ///   - spriteDirectory: folder of `SET/NAME.png`.
  ///   - vocabulary: text table; its head explains the format.
  ///   - side: pixels along each side of the scenes, 64...512.
  /// - Throws: one error that names all missing files, or the first file that is bad.
  public init(
    spriteDirectory: URL, vocabulary: URL, side: Int = 128
  ) throws(SceneDataError) {
    try self.init(
      spriteDirectory: spriteDirectory, vocabulary: SceneVocabulary(contentsOf: vocabulary),
      side: side)
  }

  /// Loads and pre-scales every sprite of a vocabulary.
  public init(
    spriteDirectory: URL, vocabulary: SceneVocabulary, side: Int = 128
  ) throws(SceneDataError) {
    guard Self.sides.contains(side) else { throw .badSide(side) }
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: spriteDirectory.path, isDirectory: &isFolder), isFolder.boolValue
    else {
      throw .noSprites(directory: spriteDirectory.path)
    }
    self.vocabulary = vocabulary
    self.side = side
    composer = SceneComposer(vocabulary: vocabulary)
    captions = SceneCaption(vocabulary: vocabulary)
    let files = Set(vocabulary.things.flatMap { $0.sprites + $0.standSprites }.map(\.file))
    let sets = Set(files.map(Self.set))
    let absent = sets.filter {
      !FileManager.default.fileExists(atPath: spriteDirectory.appendingPathComponent($0).path)
    }
    // Whole sets may be absent, a drawing of a set may not; and everything must have a drawing left.
    func isThere(_ name: SceneVocabulary.SpriteName) -> Bool { !absent.contains(Self.set(name.file)) }
    let bare = vocabulary.things.filter { !$0.sprites.contains(where: isThere) }
    let needed = files.filter { !absent.contains(Self.set($0)) } + bare.flatMap(\.sprites).map(\.file)
    let missing = Set(needed).filter {
      !FileManager.default.fileExists(atPath: spriteDirectory.appendingPathComponent($0).path)
    }
    guard missing.isEmpty else {
      throw .missingSprites(directory: spriteDirectory.path, files: missing.sorted())
    }
    var loaded: [(all: [Sprite], standing: [Sprite])] = []
    for thing in vocabulary.things {
      var lists: [[Sprite]] = []
      for names in [thing.sprites, thing.standSprites] {
        var list: [Sprite] = []
        for name in names where isThere(name) {
          list.append(try Sprite(name, hue: thing.hue, directory: spriteDirectory))
        }
        lists.append(list)
      }
      loaded.append((lists[0], lists[1].isEmpty ? lists[0] : lists[1]))
    }
    sprites = loaded
    absentSets = absent.sorted()
  }

  /// The folder of a drawing.
  private static func set(_ file: String) -> String { String(file.prefix { $0 != "/" }) }

  /// What to tell people about absent sets; nil if all are there.
  public var absence: String? {
    guard !absentSets.isEmpty else { return nil }
    return "drawings of \(absentSets.joined(separator: ", ")) are not there; scenes are made without them"
  }

  /// Draws the scene of a seed.
  public func scene(seed: UInt64) -> Scene {
    let description = description(seed: seed)
    return draw(description, seed: seed)
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

  /// Draws a scene that was asked for, held out or not; nil if it names an unknown thing.
  public func scene(_ description: SceneDescription, seed: UInt64) -> Scene? {
    let known = description.items.allSatisfy { vocabulary.thing(named: $0.thing) != nil }
    guard known, 1...2 ~= description.items.count,
      description.items.allSatisfy({ 1...3 ~= $0.count })
    else { return nil }
    return draw(description, seed: seed)
  }

  private func draw(_ description: SceneDescription, seed: UInt64) -> Scene {
    var scenery = Scenery(
      canvas: Canvas(side: side), random: SceneRandom(seed: seed, stream: 3),
      light: description.light)
    let stage = scenery.draw(description)
    var random = SceneRandom(seed: seed, stream: 4)
    let cast = description.items.compactMap { choose($0, &random) }
    var layout = SceneLayout(scene: description, stage: stage, random: random, cast: cast)
    let placements = layout.placements()
    for placement in placements where placement.shadow && stage.shadow > 0 {
      scenery.canvas.contactShadow(placement, opacity: stage.shadow)
    }
    for placement in placements {
      scenery.canvas.draw(placement, tint: stage.tint)
      if let water = stage.water, placement.floats {
        scenery.wave(
          placement.x, placement.width / 2 + 0.02,
          at: placement.bottom - placement.height * 0.13,
          depth: max(0.07, placement.height * 0.13 + 0.03), colour: water)
      }
    }
    return Scene(
      image: scenery.canvas.image(), caption: caption(description, seed: seed),
      description: description)
  }

  private func choose(
    _ item: SceneDescription.Item, _ random: inout SceneRandom
  ) -> (thing: SceneVocabulary.Thing, sprite: Sprite)? {
    guard let index = vocabulary.things.firstIndex(where: { $0.name == item.thing }) else {
      return nil
    }
    let list = item.motion == .stand ? sprites[index].standing : sprites[index].all
    var weights = list.map { sprite in
      item.colour == nil || sprite.recolourable || sprite.colour == item.colour
        ? sprite.weight : 0
    }
    if weights.allSatisfy({ $0 == 0 }) { weights = list.map(\.weight) }
    return (vocabulary.things[index], list[random.weighted(weights)])
  }
}
