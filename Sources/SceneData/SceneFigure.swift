/// One drawn thing of a scene, as it was drawn: the truth that a caption leaves out.
public struct SceneFigure: Codable, Equatable, Sendable {
  /// A rectangle in fractions of the picture's side, y downwards, cut at the picture's edges.
  public struct Box: Codable, Equatable, Sendable {
    /// Left and upper edge, 0...1.
    public var x, y: Float
    /// Extent, 0...1.
    public var width, height: Float
  }

  /// Index in ``SceneVocabulary/things``.
  public var thing: Int
  /// The thing's word.
  public var name: String
  /// The set its drawing is of: whose hand it is.
  public var set: String
  /// The side it looks to in the picture; nil if it looks to neither, or the vocabulary does not say.
  public var facing: SceneDescription.Facing?
  /// Whether the drawing shows a face alone.
  public var face: Bool
  /// The word for the colour it has: the one asked for, else the drawing's own where the vocabulary names it.
  public var colour: String?
  /// Degrees clockwise.
  public var tilt: Float
  public var box: Box
}

extension SceneFigure {
  /// What a placement shows.
  init(_ placement: Placement, thing: Int, name: String, colour: String?) {
    self.init(
      thing: thing, name: name, set: placement.sprite.set, facing: placement.facing, face: placement.sprite.isFace,
      colour: colour, tilt: placement.tilt, box: placement.box)
  }
}
