import Foundation

/// The things scenes are made of: words, manners and sprite files, read from a text table.
///
/// The format stands in the head of the tables themselves.
public struct SceneVocabulary: Sendable, Equatable {
  /// One sprite file of a thing.
  public struct SpriteName: Sendable, Equatable {
    /// Path below the sprite folder, `SET/NAME.png`.
    public var file: String
    /// The colour word that fits the drawing as it is, if any.
    public var colour: String?
    public var weight: Float
    /// The colour word in which the drawing is shown unless another is asked for.
    public var repaint: String?
    /// Degrees by which the drawing is turned clockwise when loaded.
    public var turn: Float
    /// Whether recolouring suits the drawing.
    public var recolourable: Bool
    /// The side the drawing looks to, nil for one that looks to neither.
    public var facing: SceneDescription.Facing?

    /// The folder the file is in.
    public var set: String { String(file.prefix { $0 != "/" }) }
  }

  /// A word for a set of drawings.
  public struct Style: Sendable, Equatable {
    public var word: String
    public var set: String
    /// Share of the scenes, 0...1.
    public var share: Float
  }

  /// What else is true of a thing.
  public enum Trait: String, CaseIterable, Sendable {
    /// Its drawings show only its face.
    case face
    /// Others can stand on it.
    case seat
    /// Others can stand under it.
    case shelter
  }

  /// Another word for a thing.
  public struct Synonym: Sendable, Equatable {
    public var name: String
    public var plural: String
  }

  /// One thing.
  public struct Thing: Sendable, Equatable {
    public var name: String
    public var plural: String
    public var synonyms: [Synonym] = []
    public var motions: [SceneDescription.Motion] = [.stand]
    /// 1 (a fruit) ... 5 (a house).
    public var size = 3
    public var weight: Float = 1
    public var excluded: Set<SceneDescription.Place> = []
    public var traits: Set<Trait> = []
    /// Colour words the thing can be drawn in.
    public var colours: [String] = []
    /// Centre and half width, in degrees, of the hues that recolouring replaces; a half width of 360: greys too.
    public var hue: SIMD2<Float>?
    public var sprites: [SpriteName] = []
    /// Sprites for standing, where they differ from the others.
    public var standSprites: [SpriteName] = []
    /// Sprites of the face alone, where the others show the whole thing.
    public var faceSprites: [SpriteName] = []

    /// The drawings that show it in a set (nil: in any), of the face alone or not.
    func drawings(set: String?, face: Bool) -> [SpriteName] {
      (face ? faceSprites : sprites).filter { set == nil || $0.set == set }
    }
  }

  /// In the order of the table.
  public internal(set) var things: [Thing] = []
  /// The set that shows things where no style is named; nil: any set does, facing either side, without a word for it.
  public internal(set) var house: String?
  /// In the order of the table.
  public internal(set) var styles: [Style] = []
  /// Into how many spaces the picture's side is divided by the lines that things begin on; nil: they lie anywhere.
  public internal(set) var grid: Int?

  /// Every colour word known to recolouring.
  public static var colourNames: [String] { Tone.all.keys.sorted() }

  /// Reads a table.
  /// - Throws: `SceneDataError` naming the first bad line.
  public init(contentsOf url: URL) throws(SceneDataError) {
    let text: String
    do {
      text = try String(contentsOf: url, encoding: .utf8)
    } catch {
      throw .unreadableVocabulary(path: url.path, reason: "no such UTF-8 text file")
    }
    try self.init(text: text, path: url.path)
  }

  /// Parses a table; `path` is named in errors.
  public init(text: String, path: String) throws(SceneDataError) {
    var parser = VocabularyParser(path: path)
    for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
      try parser.read(line)
    }
    (things, house, styles, grid) = (try parser.finish(), parser.house, parser.styles, parser.grid)
  }

  /// The thing of a name.
  public func thing(named name: String) -> Thing? { things.first { $0.name == name } }

  /// The set that shows the things of a scene of a style; nil: any.
  func set(ofStyle style: String?) -> String? {
    guard let style else { return house }
    return styles.first { $0.word == style }?.set
  }

  /// Without the drawings of some sets, and the styles that are theirs.
  func without(sets: Set<String>) -> SceneVocabulary {
    var rest = self
    rest.styles.removeAll { sets.contains($0.set) }
    for index in rest.things.indices {
      rest.things[index].sprites.removeAll { sets.contains($0.set) }
      rest.things[index].standSprites.removeAll { sets.contains($0.set) }
      rest.things[index].faceSprites.removeAll { sets.contains($0.set) }
    }
    return rest
  }
}
