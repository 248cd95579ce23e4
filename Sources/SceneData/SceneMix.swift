/// What share of a set's scenes is of which kind.
public struct SceneMix: Sendable, Equatable {
  /// Share of scenes that show a single thing, 0...1; of the others two thirds show two kinds of things and one third
  /// shows several of a kind. Early training gains from many (0.7).
  public var singles: Float
  /// Whether exactly the combinations are shown that training never shows (``isHeldOut(_:)``), instead of the others.
  public var isHeldOut: Bool

  /// The usual mix.
  public init(singles: Float = 0.5, isHeldOut: Bool = false) {
    self.singles = singles
    self.isHeldOut = isHeldOut
  }
}
