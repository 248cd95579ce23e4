/// Decides where the things of a scene stand on the stage, how large and how turned.
struct SceneLayout {
  let scene: SceneDescription
  let stage: Stage
  var random: SceneRandom
  /// For each item its thing and the drawing chosen for it.
  let cast: [(thing: SceneVocabulary.Thing, sprite: Sprite)]

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
    return result
  }

  private func isHanging(_ item: Int) -> Bool {
    switch scene.place {
    case .space, .sky, .underwater: true
    case .plain: scene.items[item].motion != .stand
    default: scene.items[item].motion == .fly
    }
  }

  /// A sprite of item `item`, `size` large, standing in the middle of the floor.
  private mutating func place(_ item: Int, size: Float) -> Placement {
    let (thing, sprite) = cast[item]
    var tone = sprite.repaint
    if let colour = scene.items[item].colour, colour != sprite.colour {
      tone = Tone.all[colour]
    }
    var placement = Placement(
      sprite: sprite, tone: tone, x: 0.5, bottom: random.number(stage.floor), size: size)
    placement.mirrored = random.chance(0.5)
    let hanging = isHanging(item)
    let steady = !hanging || scene.items[item].motion == .float
    let reach: Float = !steady ? 8 : (scene.place == .plain ? 6 : 3)
    placement.tilt = random.number(-reach...reach) * (thing.size >= 4 && steady ? 0.5 : 1)
    placement.brightness = random.number(0.94...1.06)
    placement.shadow = !hanging && scene.items[item].motion == .stand
    placement.floats = scene.items[item].motion == .float
    return placement
  }

  private mutating func single() -> Placement {
    let item = scene.items[0]
    let flyingOver = item.motion == .fly && ![.plain, .sky, .space].contains(scene.place)
    var size = random.number(flyingOver ? 0.42...0.6 : 0.52...0.76)
    switch item.size {
    case .small: size = random.number(0.24...0.34)
    case .big: size = random.number(0.82...0.93)
    case nil: break
    }
    if item.side != nil { size = min(size, random.number(0.4...0.5)) }
    var placement = place(0, size: size)
    placement.x = random.number(0.42...0.58)
    switch item.side {
    case .left: placement.x = random.number(0.2...0.26)
    case .right: placement.x = random.number(0.74...0.8)
    case nil: break
    }
    if item.size == .small { placement.x = random.number(0.3...0.7) }
    if isHanging(0) || scene.place == .plain {
      let middle = flyingOver ? random.number(0.3...0.4) : random.number(0.46...0.54)
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

  private mutating func pair(_ relation: SceneDescription.Relation) -> [Placement] {
    switch relation {
    case .beside: sideBySide(swapped: random.chance(0.5))
    case .leftAndRight: sideBySide(swapped: false)
    case .above: stacked()
    case .inFrontOf: overlapped()
    }
  }

  /// How large item 0 and item 1 are beside each other: real sizes, but much evened out.
  private func shares() -> (Float, Float) {
    let difference = cast[0].thing.size - cast[1].thing.size
    var smaller: Float = 1
    for _ in 0..<abs(difference) { smaller *= 0.86 }
    return difference < 0 ? (smaller, 1) : (1, smaller)
  }

  private mutating func sideBySide(swapped: Bool) -> [Placement] {
    let (a, b) = shares()
    let size = random.number(0.5...0.62)
    var (first, second) = (place(0, size: size * a), place(1, size: size * b))
    let gap = random.number(0.015...0.05)
    let shrink = min(1, (0.95 - gap) / (first.width + second.width))
    first.size *= shrink
    second.size *= shrink
    let floor = random.number(stage.floor)
    let start = (1 - first.width - second.width - gap) * random.number(0.35...0.65)
    let left = swapped ? second : first
    let (x, next) = (start + left.width / 2, start + left.width + gap)
    first.x = swapped ? next + first.width / 2 : x
    second.x = swapped ? x : next + second.width / 2
    first.bottom = floor + random.number(-0.012...0.012)
    second.bottom = floor + random.number(-0.012...0.012)
    var both = [first, second]
    let flying = scene.place != .plain && scene.place != .space && scene.place != .underwater
    for i in 0..<2 where isHanging(i) {
      both[i].bottom =
        (flying ? 0.42 : 0.5) + random.number(-0.07...0.07) + both[i].height / 2
    }
    if scene.place == .plain {
      let tallest = max(first.height, second.height)
      for i in 0..<2 where !isHanging(i) { both[i].bottom = 0.52 + tallest / 2 }
    }
    return both.sorted { $0.bottom < $1.bottom }
  }

  private mutating func stacked() -> [Placement] {
    let (a, b) = shares()
    var (upper, lower) = (
      place(0, size: random.number(0.36...0.44) * max(0.75, a)),
      place(1, size: random.number(0.46...0.54) * b)
    )
    if isHanging(1) || scene.place == .plain { lower.bottom = random.number(0.92...0.95) }
    let room = lower.bottom - 0.05
    let shrink = min(1, room / (upper.height + lower.height))
    upper.size *= shrink
    lower.size *= shrink
    lower.x = random.number(0.4...0.6)
    upper.x = lower.x + random.number(-0.1...0.1)
    let space = lower.bottom - lower.height - upper.height
    upper.bottom = upper.height + space * random.number(0.35...0.6)
    upper.shadow = false
    return [upper, lower]
  }

  private mutating func overlapped() -> [Placement] {
    var (front, back) = (
      place(0, size: random.number(0.36...0.44)), place(1, size: random.number(0.66...0.78))
    )
    back.x = random.number(0.42...0.58)
    back.bottom = stage.floor.lowerBound + random.number(0...0.02)
    if scene.place == .plain { back.bottom = random.number(0.8...0.84) }
    back.size *= min(1, (back.bottom - 0.03) / back.height)
    let side: Float = random.chance(0.5) ? 1 : -1
    front.x = back.x + side * (back.width / 2 - front.width * random.number(0.1...0.4))
    front.bottom = min(0.96, back.bottom + random.number(0.06...0.1))
    return [back, front]
  }
}
