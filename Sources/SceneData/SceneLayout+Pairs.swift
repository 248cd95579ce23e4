/// Two things and how they relate.
extension SceneLayout {
  mutating func pair(_ relation: SceneDescription.Relation) -> [Placement] {
    switch relation {
    case .beside: sideBySide(swapped: random.chance(0.5))
    case .leftAndRight: sideBySide(swapped: false)
    case .above: stacked(upper: 0, lower: 1)
    case .under: isSheltered ? sheltered() : stacked(upper: 1, lower: 0)
    case .inFrontOf: overlapped()
    case .on: seated()
    }
  }

  var isSheltered: Bool {
    cast[1].thing.traits.contains(.shelter) && scene.items.allSatisfy { $0.motion == .stand }
  }

  /// How large item `a` and item `b` are beside each other: real sizes, but much evened out.
  private func shares(_ a: Int, _ b: Int) -> (Float, Float) {
    let difference = cast[a].thing.size - cast[b].thing.size
    var smaller: Float = 1
    for _ in 0..<abs(difference) { smaller *= 0.86 }
    return difference < 0 ? (smaller, 1) : (1, smaller)
  }

  private mutating func sideBySide(swapped: Bool) -> [Placement] {
    let (a, b) = shares(0, 1)
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

  private mutating func stacked(upper a: Int, lower b: Int) -> [Placement] {
    let (shareA, shareB) = shares(a, b)
    var (upper, lower) = (
      place(a, size: random.number(0.36...0.44) * max(0.75, shareA)),
      place(b, size: random.number(0.46...0.54) * shareB)
    )
    if isHanging(b) || scene.place == .plain { lower.bottom = random.number(0.92...0.95) }
    let room = lower.bottom - 0.05
    let shrink = min(1, room / (upper.height + lower.height))
    upper.size *= shrink
    lower.size *= shrink
    lower.x = random.number(0.42...0.58)
    upper.x = lower.x + random.number(-0.08...0.08)
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

  /// The first on top of the second.
  private mutating func seated() -> [Placement] {
    let (a, b) = shares(0, 1)
    var (rider, seat) = (
      place(0, size: random.number(0.36...0.42) * max(0.74, a)), place(1, size: random.number(0.5...0.58) * b)
    )
    if scene.place == .plain { seat.bottom = random.number(0.88...0.92) }
    seat.x = random.number(0.45...0.55)
    seat.tilt = 0
    // What the seat's surface lies below its upper edge is not needed for the rider.
    let depth = seat.sprite.seat.y
    let room = seat.bottom - 0.03
    let shrink = min(1, room / (rider.height + seat.height * (1 - depth)))
    rider.size *= shrink
    seat.size *= shrink
    let place = seat.mirrored ? 1 - seat.sprite.seat.x : seat.sprite.seat.x
    rider.x = seat.x + (place - 0.5) * seat.width
    rider.bottom = seat.bottom - seat.height * (1 - depth) + 0.018
    rider.shadow = false
    return [seat, rider]
  }

  /// The first, small, in front of the foot of the second, large.
  private mutating func sheltered() -> [Placement] {
    var (guest, shelter) = (
      place(0, size: random.number(0.26...0.32)), place(1, size: random.number(0.8...0.88))
    )
    shelter.x = random.number(0.45...0.55)
    shelter.bottom = scene.place == .plain ? random.number(0.9...0.93) : stage.floor.lowerBound + 0.04
    shelter.size *= min(1, (shelter.bottom - 0.02) / shelter.height)
    guest.size = min(guest.size, shelter.size * 0.4)
    let side: Float = random.chance(0.5) ? 1 : -1
    guest.x = shelter.x + side * shelter.width * random.number(0.2...0.28)
    guest.bottom = shelter.bottom + random.number(0.01...0.03)
    return [shelter, guest]
  }
}
