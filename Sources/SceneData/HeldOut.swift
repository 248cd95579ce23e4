/// Combinations that no generated scene of training shows, so that a model trained on the scenes can be asked for
/// something it has never seen: things in places, and two things in a relation.
public enum HeldOut {
  /// Share of the combinations held out, in thousandths.
  private static let perMille: UInt64 = 50

  /// Chosen so that none of the combinations is one that everybody asks for ("a cat on the moon").
  private static let salt = 819

  /// Whether a thing in a place is held out; plain backgrounds never are.
  public static func contains(thing: String, place: SceneDescription.Place) -> Bool {
    place != .plain && isChosen("\(thing)|\(place.rawValue)|\(salt)")
  }

  /// Whether two things in a relation are held out, however the relation is put: "a cat under a bird" is "a bird above a
  /// cat", and things beside each other have no order.
  public static func contains(
    first: String, second: String, relation: SceneDescription.Relation
  ) -> Bool {
    switch relation {
    case .beside: isChosen("\(min(first, second))|\(max(first, second))|beside|\(salt)")
    case .under: isChosen("\(second)|\(first)|above|\(salt)")
    case .leftAndRight, .above, .inFrontOf, .on: isChosen("\(first)|\(second)|\(relation.rawValue)|\(salt)")
    }
  }

  private static func isChosen(_ combination: String) -> Bool {
    // FNV-1a, because Swift's own hashes differ from run to run.
    var hash: UInt64 = 0xCBF2_9CE4_8422_2325
    for byte in combination.utf8 {
      hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01B3
    }
    return SceneRandom.mix(hash) % 1000 < perMille
  }
}

/// Whether a scene contains a held-out combination: of a thing and the place, or of its two things and their relation.
public func isHeldOut(_ description: SceneDescription) -> Bool {
  if description.items.contains(where: { HeldOut.contains(thing: $0.thing, place: description.place) }) { return true }
  guard description.items.count == 2, let relation = description.relation else { return false }
  return HeldOut.contains(
    first: description.items[0].thing, second: description.items[1].thing, relation: relation)
}
