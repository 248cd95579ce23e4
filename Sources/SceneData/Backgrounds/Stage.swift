/// A drawn place: what things need to know to stand, fly or float in it.
struct Stage {
  /// Where the feet of things stand (fractions of the side, from the far to the near end).
  var floor: ClosedRange<Float> = 0.78...0.92
  /// Light on the things.
  var tint = RGB(repeating: 1)
  /// Darkness of contact shadows, 0: none.
  var shadow: Float = 0.35
  /// Colour of the water that hides the lower rim of floating things.
  var water: RGB?
}

/// Draws places, each with a few random traits.
struct Scenery {
  var canvas: Canvas
  var random: SceneRandom
  let light: SceneDescription.Light

  /// Draws the background of a description.
  mutating func draw(_ description: SceneDescription) -> Stage {
    switch description.place {
    case .plain: plain(description.backdrop)
    case .moon: moon()
    case .table: table()
    case .beach: beach()
    case .meadow: meadow()
    case .snow: snow()
    case .street: street()
    case .desert: desert()
    case .underwater: underwater()
    case .sea: sea()
    case .sky: skyOnly()
    case .space: space()
    case .forest: forest()
    case .mountains: mountains()
    case .room: room()
    }
  }

  /// Light on grounds and things outdoors.
  var tint: RGB {
    switch light {
    case .day: RGB(repeating: 1)
    case .night: RGB(0.8, 0.82, 0.95)
    case .sunset: RGB(1, 0.91, 0.85)
    case .rain: RGB(0.9, 0.92, 0.96)
    }
  }

  /// Light on grounds, which are darker than things at night so that things stand out.
  var groundTint: RGB {
    switch light {
    case .day: RGB(repeating: 1)
    case .night: RGB(0.33, 0.39, 0.58)
    case .sunset: RGB(0.95, 0.72, 0.62)
    case .rain: RGB(0.74, 0.79, 0.84)
    }
  }

  /// Light on sand, which would turn grey under blue night light.
  var sandTint: RGB { light == .night ? RGB(0.42, 0.4, 0.46) : groundTint }

  /// What an outdoor place hands to things.
  func outdoors(floor: ClosedRange<Float>, shadow: Float = 0.35) -> Stage {
    Stage(floor: floor, tint: tint, shadow: light == .night ? shadow + 0.1 : shadow)
  }

  /// Backdrop words and colours of plain pictures.
  static let backdrops: [(name: String, colour: RGB, weight: Float)] = [
    ("white", RGB(hex: 0xFBFBFA), 4), ("blue", RGB(hex: 0xB5D9F5), 2),
    ("yellow", RGB(hex: 0xFBE9A0), 1.5), ("pink", RGB(hex: 0xF9CFDD), 1.5),
    ("green", RGB(hex: 0xC3E6BD), 1.5), ("purple", RGB(hex: 0xD6C8F0), 1),
    ("orange", RGB(hex: 0xFBCFA0), 1), ("grey", RGB(hex: 0xD0D4D8), 1),
  ]

  private mutating func plain(_ name: String?) -> Stage {
    let base = Self.backdrops.first { $0.name == name }?.colour ?? RGB(hex: 0xFBFBFA)
    let white = name == "white"
    let jitter = white ? 0 : random.number(-0.03...0.03)
    let fall = white ? random.number(0...0.03) : random.number(0.02...0.1)
    let centre = base * (1 + jitter)
    canvas.fill { x, y in
      let (dx, dy) = (x - 0.5, y - 0.45)
      return centre * (1 - fall * (dx * dx + dy * dy) * 2)
    }
    return Stage(floor: 0.84...0.93, shadow: random.chance(0.75) ? 0.24 : 0)
  }
}
