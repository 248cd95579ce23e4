import Foundation

/// The things scenes are made of: words, manners and sprite files, read from a text table.
///
/// The format stands in the head of the table itself.
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
  }

  /// One thing.
  public struct Thing: Sendable, Equatable {
    public var name: String
    public var plural: String
    public var motions: [SceneDescription.Motion] = [.stand]
    /// 1 (a fruit) ... 5 (a house).
    public var size = 3
    public var weight: Float = 1
    public var excluded: Set<SceneDescription.Place> = []
    /// Colour words the thing can be drawn in.
    public var colours: [String] = []
    /// Centre and half width, in degrees, of the hues that recolouring replaces.
    public var hue: SIMD2<Float>?
    public var sprites: [SpriteName] = []
    /// Sprites for standing, where they differ from the others.
    public var standSprites: [SpriteName] = []
  }

  /// In the order of the table.
  public internal(set) var things: [Thing] = []

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
    things = try parser.finish()
  }

  /// The thing of a name.
  public func thing(named name: String) -> Thing? { things.first { $0.name == name } }
}
