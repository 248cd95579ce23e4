/// Decides where the things of a scene stand on the stage, how large and how turned.
struct SceneLayout {
  let scene: SceneDescription
  let stage: Stage
  var random: SceneRandom
  /// For each item its thing and the drawing chosen for it.
  let cast: [(thing: SceneVocabulary.Thing, sprite: Sprite)]
  /// Whether drawings face either side without a word for it, and may be turned more: vocabularies without a house set.
  let isFree: Bool
  /// Spaces between the lines that things begin on; nil: they lie anywhere.
  var grid: Int?

  /// Returns the sprites in drawing order.
  mutating func placements() -> [Placement] {
    var result: [Placement]
    if let relation = scene.relation, cast.count == 2 {
      result = pair(relation)
    } else if scene.items[0].count > 1 {
      result = several(scene.items[0].count)
    } else {
      result = [single()]
    }
    for i in result.indices {
      // A thing turned or moved must not leave the picture.
      let half = result[i].width / 2
      result[i].x = min(max(result[i].x, half + 0.015), max(half + 0.015, 0.985 - half))
      result[i].bottom = min(max(result[i].bottom, result[i].height + 0.02), 0.975)
    }
    guard let grid else { return result }
    return SceneGrid(spaces: grid, floor: stage.floor).aligned(result, arrangement)
  }

  /// How the things will lie to each other.
  private var arrangement: SceneGrid.Arrangement {
    guard let relation = scene.relation, cast.count == 2 else { return scene.items[0].count > 1 ? .row : .single }
    return switch relation {
    case .beside, .leftAndRight: .row
    case .above: .stack
    case .under: isSheltered ? .shelter : .stack
    case .inFrontOf: .overlap
    case .on: .seat
    }
  }

  func isHanging(_ item: Int) -> Bool {
    switch scene.place {
    case .space, .sky, .underwater: true
    case .plain: scene.items[item].motion != .stand
    default: scene.items[item].motion == .fly
    }
  }

  /// A sprite of item `item`, `size` large, standing in the middle of the floor.
  mutating func place(_ item: Int, size: Float) -> Placement {
    let (thing, sprite) = cast[item]
    var tone = sprite.repaint
    if let colour = scene.items[item].colour, colour != sprite.colour {
      tone = Tone.all[colour]
    }
    var placement = Placement(
      sprite: sprite, item: item, tone: tone, x: 0.5, bottom: random.number(stage.floor), size: size)
    let turned = random.chance(0.5)
    if let facing = scene.items[item].facing, let own = sprite.facing {
      placement.mirrored = facing != own
    } else {
      placement.mirrored = isFree && turned
    }
    let hanging = isHanging(item)
    let steady = !hanging || scene.items[item].motion == .float
    let wide: Float = !steady ? 8 : (scene.place == .plain ? 6 : 3)
    let reach: Float = isFree ? wide : 3
    placement.tilt = random.number(-reach...reach) * (thing.size >= 4 && steady ? 0.5 : 1)
    placement.brightness = random.number(0.96...1.04)
    placement.shadow = !hanging && scene.items[item].motion == .stand
    placement.floats = scene.items[item].motion == .float
    return placement
  }

  private mutating func single() -> Placement {
    let item = scene.items[0]
    let flyingOver = item.motion == .fly && ![.plain, .sky, .space].contains(scene.place)
    // Large things are drawn a little larger.
    var size = (flyingOver ? 0.4 : 0.5) + 0.04 * Float(cast[0].thing.size) + random.number(-0.05...0.05)
    switch item.size {
    case .small: size = random.number(0.24...0.34)
    case .big: size = random.number(0.84...0.93)
    case nil: break
    }
    if item.side != nil { size = min(size, random.number(0.4...0.5)) }
    var placement = place(0, size: size)
    placement.x = random.number(0.45...0.55)
    switch item.side {
    case .left: placement.x = random.number(0.2...0.26)
    case .right: placement.x = random.number(0.74...0.8)
    case nil: break
    }
    if item.size == .small { placement.x = random.number(0.36...0.64) }
    if isHanging(0) || scene.place == .plain {
      let middle = flyingOver ? random.number(0.3...0.4) : random.number(0.47...0.53)
      placement.bottom = middle + placement.height / 2
    }
    return placement
  }

  private mutating func several(_ count: Int) -> [Placement] {
    let n = Float(count)
    let aspect = cast[0].sprite.width / max(cast[0].sprite.width, cast[0].sprite.height)
    let gap = random.number(0.015...0.04)
    let room = (0.95 - gap * (n - 1)) / (n * aspect)
    let size = min(count == 2 ? 0.56 : 0.48, room) * random.number(0.9...1)
    let width = size * aspect
    let floor = random.number(stage.floor)
    let left = 0.5 - (n * width + (n - 1) * gap) / 2
    return (0..<count).map { index in
      var placement = place(0, size: size * random.number(0.96...1))
      placement.x = left + width / 2 + Float(index) * (width + gap)
      placement.bottom = floor + random.number(-0.015...0.015)
      if isHanging(0) || scene.place == .plain {
        let middle: Float = isHanging(0) && scene.place != .plain ? 0.42 : 0.5
        placement.bottom = middle + random.number(-0.05...0.05) + placement.height / 2
      }
      return placement
    }
  }
}
