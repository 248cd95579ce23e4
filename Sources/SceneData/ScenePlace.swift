/// Says where and when a scene is.
enum ScenePlace {
  /// "on the moon", "in a meadow at night"; empty where there is nothing to say.
  static func phrase(_ scene: SceneDescription, isLong: Bool, _ random: inout SceneRandom) -> String {
    let phrases = phrases(scene.place, flying: scene.items.allSatisfy { $0.motion == .fly })
    if phrases.isEmpty { return "" }
    let place = random.choice(phrases)
    let time = time(scene, isLong: isLong, &random)
    guard let time else { return place }
    // The time of day alone is sometimes all that is said.
    if !isLong, scene.relation != .leftAndRight, scene.light != .day, random.chance(0.2) { return time }
    if scene.light == .night, scene.place == .sky, random.chance(0.6) { return "in the night sky" }
    return "\(place) \(time)"
  }

  private static func time(
    _ scene: SceneDescription, isLong: Bool, _ random: inout SceneRandom
  ) -> String? {
    switch scene.light {
    case .day:
      return scene.place.hasDaylight && isLong && random.chance(0.4)
        ? random.choice(["on a sunny day", "by day", "during the day"]) : nil
    case .night: return "at night"
    case .sunset: return random.choice(["at sunset", "at sunset", "in the evening"])
    case .rain: return random.choice(["in the rain", "in the rain", "on a rainy day"])
    }
  }

  private static func phrases(_ place: SceneDescription.Place, flying: Bool) -> [String] {
    let near = flying ? "over" : "on"
    return switch place {
    case .plain: []
    case .moon: ["\(near) the moon"]
    case .table: ["on a table", "on the table"]
    case .beach: ["\(near) the beach", "\(near) a beach"]
    case .meadow: flying ? ["over a meadow", "over the grass"] : ["in a meadow", "on the grass"]
    case .snow: [flying ? "over the snow" : "in the snow"]
    case .street: ["\(near) the street", "\(near) a street", "\(near) a road"]
    case .desert: [flying ? "over the desert" : "in the desert"]
    case .underwater: ["under water", "under the sea"]
    case .sea: flying ? ["over the sea"] : ["on the sea", "on the water"]
    case .sky: ["in the sky"]
    case .space: ["in space"]
    case .forest: ["in a forest", "in the forest", "in the woods"]
    case .mountains: ["in the mountains"]
    case .room: ["in a room", "in the room", "on the floor"]
    }
  }
}
