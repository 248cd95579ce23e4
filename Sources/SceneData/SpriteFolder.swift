import Foundation

/// The drawings of one thing, loaded.
struct SpriteCast: Sendable {
  var all: [Sprite]
  /// Those used for standing.
  var standing: [Sprite]
  var faces: [Sprite]

  /// Chooses the drawing for an item.
  /// - Parameter set: the set it should be of, nil: any.
  func choose(_ item: SceneDescription.Item, set: String?, _ random: inout SceneRandom) -> Sprite {
    var list = item.motion == .stand ? standing : all
    if item.face == true, !faces.isEmpty { list = faces }
    let own = list.filter { $0.set == set }
    if !own.isEmpty { list = own }
    var weights = list.map { sprite in
      item.colour == nil || sprite.recolourable || sprite.colour == item.colour
        ? sprite.weight : 0
    }
    if weights.allSatisfy({ $0 == 0 }) { weights = list.map(\.weight) }
    return list[random.weighted(weights)]
  }
}

/// A folder of drawings, `SET/NAME.png`.
struct SpriteFolder {
  private let directory: URL

  /// - Throws: if there is no such folder.
  init(_ directory: URL) throws(SceneDataError) {
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: directory.path, isDirectory: &isFolder), isFolder.boolValue
    else {
      throw .noSprites(directory: directory.path)
    }
    self.directory = directory
  }

  /// Returns a vocabulary with the drawings that are there, and the sets that are not, sorted.
  ///
  /// Whole sets may be absent, but not the house set; a drawing of a set may not; and everything must have one left.
  func check(
    _ vocabulary: SceneVocabulary
  ) throws(SceneDataError) -> (vocabulary: SceneVocabulary, absentSets: [String]) {
    let names = vocabulary.things.flatMap { $0.sprites + $0.standSprites + $0.faceSprites }
    let absent = Set(names.map(\.set)).filter { $0 != vocabulary.house && !isThere($0) }
    let present = vocabulary.without(sets: absent)
    let bare = zip(vocabulary.things, present.things).filter { $1.sprites.isEmpty }.flatMap { $0.0.sprites }
    let needed = Set((names.filter { !absent.contains($0.set) } + bare).map(\.file))
    let missing = needed.filter { !isThere($0) }
    guard missing.isEmpty else {
      throw .missingSprites(directory: directory.path, files: missing.sorted())
    }
    return (present, absent.sorted())
  }

  private func isThere(_ path: String) -> Bool {
    FileManager.default.fileExists(atPath: directory.appendingPathComponent(path).path)
  }

  /// Loads and pre-scales every drawing of a vocabulary.
  func load(_ vocabulary: SceneVocabulary) throws(SceneDataError) -> [SpriteCast] {
    var casts: [SpriteCast] = []
    for thing in vocabulary.things {
      let isFace = thing.traits.contains(.face)
      let all = try load(thing.sprites, of: thing, isFace: isFace)
      let standing = try load(thing.standSprites, of: thing, isFace: isFace)
      casts.append(
        .init(
          all: all, standing: standing.isEmpty ? all : standing,
          faces: try load(thing.faceSprites, of: thing, isFace: true)))
    }
    return casts
  }

  private func load(
    _ names: [SceneVocabulary.SpriteName], of thing: SceneVocabulary.Thing, isFace: Bool
  ) throws(SceneDataError) -> [Sprite] {
    var list: [Sprite] = []
    for name in names { list.append(try Sprite(name, isFace: isFace, hue: thing.hue, directory: directory)) }
    return list
  }
}
