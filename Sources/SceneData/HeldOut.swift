/// Combinations of a thing and a place that no generated scene shows, so that a model trained on
/// the scenes can be asked for something it has never seen.
public enum HeldOut {
  /// Share of the combinations held out, in thousandths.
  private static let perMille: UInt64 = 30

  /// Chosen so that the bundled vocabulary loses about a dozen combinations spread over the places,
  /// none of them one that everybody asks for ("a cat on the moon").
  private static let salt = 674

  /// Whether a thing in a place is held out; plain backgrounds never are.
  public static func contains(thing: String, place: SceneDescription.Place) -> Bool {
    guard place != .plain else { return false }
    // FNV-1a, because Swift's own hashes differ from run to run.
    var hash: UInt64 = 0xCBF2_9CE4_8422_2325
    for byte in "\(thing)|\(place.rawValue)|\(salt)".utf8 {
      hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01B3
    }
    return SceneRandom.mix(hash) % 1000 < perMille
  }
}

/// Whether a scene contains a held-out combination of a thing and the place.
public func isHeldOut(_ description: SceneDescription) -> Bool {
  description.items.contains { HeldOut.contains(thing: $0.thing, place: description.place) }
}
