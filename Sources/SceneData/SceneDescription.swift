/// What a scene shows, in words a program can compare: the truth its caption must not contradict.
public struct SceneDescription: Codable, Equatable, Sendable {
  /// Where a scene takes place.
  public enum Place: String, Codable, CaseIterable, Sendable {
    case plain, moon, table, beach, meadow, snow, street, desert, underwater, sea, sky, space
    case forest, mountains, room
  }

  /// Time of day and weather; places without a sky know only `day`.
  public enum Light: String, Codable, CaseIterable, Sendable {
    case day, night, sunset, rain
  }

  /// How a thing is held up: on the ground, in the air, under water or on the water.
  public enum Motion: String, Codable, CaseIterable, Sendable {
    case stand, fly, swim, float
  }

  /// A size worth a word; things of ordinary size have none.
  public enum Size: String, Codable, CaseIterable, Sendable {
    case small, big
  }

  /// Where a single thing is when it is not in the middle.
  public enum Side: String, Codable, CaseIterable, Sendable {
    case left, right
  }

  /// Which side of the picture a thing looks or drives to.
  public enum Facing: String, Codable, CaseIterable, Sendable {
    case left, right
  }

  /// How the first of two things relates to the second.
  public enum Relation: String, Codable, CaseIterable, Sendable {
    /// Side by side, in either order.
    case beside
    /// The first on the left, the second on the right.
    case leftAndRight
    case above
    /// The first below the second: the second flies, or shelters the first.
    case under
    case inFrontOf
    /// The first stands on top of the second.
    case on
  }

  /// One kind of thing in a scene.
  public struct Item: Codable, Equatable, Sendable {
    /// The vocabulary's word, such as "cat".
    public var thing: String
    /// 1...3.
    public var count: Int
    /// A colour word, nil where the colour is not spoken of.
    public var colour: String?
    public var size: Size?
    public var side: Side?
    public var motion: Motion
    /// Nil where it is not spoken of: the thing faces the way its drawing does.
    public var facing: Facing?
    /// Whether only its face is shown although there are drawings of all of it; nil: no.
    public var face: Bool?

    /// Describes `count` things of a kind.
    public init(
      thing: String, count: Int = 1, colour: String? = nil, size: Size? = nil, side: Side? = nil,
      motion: Motion = .stand, facing: Facing? = nil, face: Bool? = nil
    ) {
      self.thing = thing
      self.count = count
      self.colour = colour
      self.size = size
      self.side = side
      self.motion = motion
      self.facing = facing
      self.face = face
    }
  }

  /// One or two kinds of things.
  public var items: [Item]
  /// Present exactly when there are two items.
  public var relation: Relation?
  public var place: Place
  /// Colour word of a plain background, else nil.
  public var backdrop: String?
  public var light: Light
  /// The vocabulary's word for how the things are drawn, nil for the usual hand.
  public var style: String?

  /// Describes a scene.
  public init(
    items: [Item], relation: Relation? = nil, place: Place, backdrop: String? = nil,
    light: Light = .day, style: String? = nil
  ) {
    self.items = items
    self.relation = relation
    self.place = place
    self.backdrop = backdrop
    self.light = light
    self.style = style
  }
}

extension SceneDescription.Place {
  /// Ways in which a thing can be held up in this place.
  var motions: Set<SceneDescription.Motion> {
    switch self {
    case .plain: [.stand, .fly, .swim, .float]
    case .space: [.stand, .fly]
    case .moon, .beach, .meadow, .snow, .street, .desert, .forest, .mountains: [.stand, .fly]
    case .table, .room: [.stand]
    case .underwater: [.swim]
    case .sea: [.float, .fly]
    case .sky: [.fly]
    }
  }

  /// Whether night, sunset and rain change this place.
  var hasDaylight: Bool {
    switch self {
    case .beach, .meadow, .snow, .street, .desert, .sea, .sky, .forest, .mountains: true
    case .plain, .moon, .table, .underwater, .space, .room: false
    }
  }

  /// Whether it can rain here.
  var hasRain: Bool { hasDaylight && self != .snow && self != .desert }

  /// How often the place is chosen, compared with others.
  var weight: Float {
    switch self {
    case .plain: 0
    case .moon, .table, .meadow, .beach: 1.4
    case .sky: 3.5
    case .space, .underwater, .sea, .snow, .forest, .mountains: 1
    case .street, .desert, .room: 0.9
    }
  }
}
