/// Lines on which the things of a scene begin, so that a drawing has few places and sizes in place of countless ones.
///
/// An autoencoder sees a thing anew at every offset from its own grid: at offsets of whole latents the same drawing has the
/// same latents, so that a denoiser has fewer to learn. What that brought is in docs/training.md.
struct SceneGrid {
  /// Spaces between lines along each side of the picture.
  let spaces: Int
  /// Heights on which feet stand.
  let floor: ClosedRange<Float>

  /// The largest lower edge of a thing, in spaces: the picture's rim stays free.
  private var lowest: Int { spaces - 1 }
  /// A drawing may reach this far over a line, in spaces, before it counts as filling the next: a few transparent pixels.
  private static let tolerance: Float = 0.15

  /// How the things of a scene lie to each other.
  enum Arrangement {
    case single
    /// Side by side.
    case row
    /// The first above the second.
    case stack
    /// The second in front of the first.
    case overlap
    /// The second on top of the first.
    case seat
    /// The second at the foot of the first.
    case shelter
  }

  /// Moves what a scene shows onto the lines: longer sides span whole spaces, left and lower edges lie on lines, nothing is
  /// tilted.
  /// - Parameter placements: in drawing order.
  func aligned(_ placements: [Placement], _ arrangement: Arrangement) -> [Placement] {
    var result = placements
    for index in result.indices {
      result[index].tilt = 0
      let size = result[index].size * Float(spaces)
      resize(&result[index], to: Int(size.rounded(arrangement == .single ? .toNearestOrAwayFromZero : .down)))
    }
    if arrangement == .row { return row(result) }
    for index in result.indices {
      begin(&result[index], at: line(result[index].x - result[index].width / 2))
      putDown(&result[index])
    }
    guard result.count == 2 else { return result }
    switch arrangement {
    case .single, .row: break
    case .stack: separate(&result)
    case .overlap:
      step(&result[0], to: min(line(result[0].bottom), lowest - 1))
      step(&result[1], to: max(line(result[1].bottom), line(result[0].bottom) + 1))
    case .seat:
      let surface = result[0].bottom - result[0].height * (1 - result[0].sprite.seat.y)
      step(&result[1], to: Int((surface * Float(spaces) + 2 * Self.tolerance).rounded(.up)))
    case .shelter:
      step(&result[1], to: max(line(result[1].bottom), line(result[0].bottom)))
    }
    return result
  }

  private func line(_ place: Float) -> Int { Int((place * Float(spaces)).rounded()) }

  /// Spaces that a length fills.
  private func filled(_ length: Float) -> Int {
    max(1, Int((length * Float(spaces) - Self.tolerance).rounded(.up)))
  }

  /// Makes the longer side span whole spaces, two at least.
  private func resize(_ p: inout Placement, to size: Int) {
    p.size = Float(max(2, size)) / Float(spaces)
  }

  /// Puts the left edge on a line, within the picture.
  private func begin(_ p: inout Placement, at left: Int) {
    let last = max(0, spaces - filled(p.width))
    p.x = Float(min(max(left, 0), last)) / Float(spaces) + p.width / 2
  }

  /// Puts the lower edge on the nearest line; feet stay on the ground if a line crosses it.
  private func putDown(_ p: inout Placement) {
    let lines = (0...spaces).filter { floor.contains(Float($0) / Float(spaces)) }
    guard p.shadow, floor.contains(p.bottom), let first = lines.first, let last = lines.last else {
      return step(&p, to: line(p.bottom))
    }
    step(&p, to: min(max(line(p.bottom), first), last))
  }

  /// Puts the lower edge on a line, within the picture.
  private func step(_ p: inout Placement, to bottom: Int) {
    let least = filled(p.height)
    p.bottom = Float(max(least, min(bottom, lowest))) / Float(spaces)
  }

  /// Things side by side, from the left to the right: each begins behind the one before.
  private func row(_ placements: [Placement]) -> [Placement] {
    var result = placements
    let order = result.indices.sorted { result[$0].x < result[$1].x }
    let edges = (
      placements.map { $0.x - $0.width / 2 }.min() ?? 0, placements.map { $0.x + $0.width / 2 }.max() ?? 1
    )
    shrink(&result) { things in order.reduce(0) { $0 + filled(things[$1].width) } <= spaces }
    let total = order.reduce(0) { $0 + filled(result[$1].width) }
    let start = ((edges.0 + edges.1) / 2 * Float(spaces) - Float(total) / 2).rounded()
    var left = min(max(0, Int(start)), max(0, spaces - total))
    for index in order {
      begin(&result[index], at: left)
      putDown(&result[index])
      left += filled(result[index].width)
    }
    return result
  }

  /// One thing above another: they do not touch.
  private func separate(_ pair: inout [Placement]) {
    let middles = pair.map(\.x)
    shrink(&pair) { things in things.reduce(0) { $0 + filled($1.height) } <= lowest }
    for index in pair.indices { begin(&pair[index], at: line(middles[index] - pair[index].width / 2)) }
    step(&pair[1], to: line(pair[1].bottom))
    step(&pair[0], to: min(line(pair[0].bottom), line(pair[1].bottom) - filled(pair[1].height)))
  }

  /// Makes everything a space smaller until it fits.
  private func shrink(_ things: inout [Placement], until fits: ([Placement]) -> Bool) {
    while !fits(things), things.contains(where: { line($0.size) > 2 }) {
      for index in things.indices { resize(&things[index], to: line(things[index].size) - 1) }
    }
  }
}
