/// How two things of a scene relate.
extension SceneComposer {
  /// Chooses among the relations that the place and both things allow, in either order of the things.
  func choose(
    _ items: inout [Description.Item], _ place: Description.Place, _ random: inout SceneRandom
  ) -> Description.Relation {
    let isOpen = [.plain, .space, .sky, .underwater].contains(place)
    // Of two things on one ground that move differently, one is above the other.
    if !isOpen, items[0].motion != items[1].motion {
      let under = random.chance(0.4)
      if (items[0].motion == .fly) == under { items.swapAt(0, 1) }
      return under ? .under : .above
    }
    var choices: [(relation: Description.Relation, swapped: Bool, weight: Float)] = [
      (.beside, false, 3), (.leftAndRight, false, 1.5),
    ]
    if isOpen { choices += [(.above, false, 1), (.under, false, 1)] }
    if !isOpen || place == .plain, items.allSatisfy({ $0.motion == .stand }) {
      choices += [false, true].flatMap { grounded(items, swapped: $0) }
    }
    let choice = choices[random.weighted(choices.map(\.weight))]
    if choice.swapped { items.swapAt(0, 1) }
    return choice.relation
  }

  /// What a standing thing can be to another one.
  private func grounded(
    _ items: [Description.Item], swapped: Bool
  ) -> [(relation: Description.Relation, swapped: Bool, weight: Float)] {
    let pair = (swapped ? items.reversed() : items).compactMap { indices[$0.thing].map { things[$0] } }
    guard pair.count == 2 else { return [] }
    var choices: [(relation: Description.Relation, swapped: Bool, weight: Float)] = []
    if pair[0].size < pair[1].size { choices.append((.inFrontOf, swapped, 2)) }
    if pair[1].traits.contains(.seat), pair[0].size <= max(3, pair[1].size), pair[0].size < 5 {
      choices.append((.on, swapped, 4))
    }
    if pair[1].traits.contains(.shelter), pair[0].size <= 4 { choices.append((.under, swapped, 3)) }
    return choices
  }
}
