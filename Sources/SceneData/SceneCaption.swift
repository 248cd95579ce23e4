/// Says in plain English what a description holds; never more.
struct SceneCaption: Sendable {
  private let plurals: [String: String]

  init(vocabulary: SceneVocabulary) {
    plurals = Dictionary(
      vocabulary.things.map { ($0.name, $0.plural) }, uniquingKeysWith: { first, _ in first })
  }

  /// Chooses one of the ways to say it.
  func caption(_ scene: SceneDescription, _ random: inout SceneRandom) -> String {
    let setting = placePhrase(scene, &random)
    var text = subject(scene, &random)
    if scene.relation == .leftAndRight, !setting.isEmpty {
      return "\(setting), \(text)"
    }
    if scene.place == .plain, let backdrop = scene.backdrop, random.chance(0.22),
      scene.relation != .leftAndRight, scene.items.allSatisfy({ $0.side == nil })
    {
      text += " on \(Self.article(backdrop)) \(backdrop) background"
    }
    if !setting.isEmpty { text += " " + setting }
    if scene.relation != .leftAndRight, random.chance(0.14) {
      text = (random.chance(0.5) ? "a picture of " : "a drawing of ") + text
    }
    return text
  }

  /// "a" or "an", by the sound that `word` begins with.
  static func article(_ word: String) -> String {
    let long = ["uni", "use", "eu", "ufo", "one"]
    if long.contains(where: { word.hasPrefix($0) }) { return "a" }
    return word.first.map { "aeiou".contains($0) } == true ? "an" : "a"
  }

  /// "a small red car", "two cats".
  func noun(_ item: SceneDescription.Item) -> String {
    let adjectives = [item.size?.rawValue, item.colour].compactMap { $0 }
    if item.count == 1 {
      let words = (adjectives + [item.thing]).joined(separator: " ")
      return "\(Self.article(words)) \(words)"
    }
    let number = item.count == 2 ? "two" : "three"
    let plural = plurals[item.thing] ?? item.thing + "s"
    return ([number] + adjectives + [plural]).joined(separator: " ")
  }

  private func subject(_ scene: SceneDescription, _ random: inout SceneRandom) -> String {
    let nouns = scene.items.map(noun)
    guard nouns.count == 2, let relation = scene.relation else {
      let side = scene.items[0].side.map { " on the \($0.rawValue)" } ?? ""
      return nouns[0] + side
    }
    switch relation {
    case .beside:
      let link = random.choice(["and", "and", "next to", "beside"])
      return "\(nouns[0]) \(link) \(nouns[1])"
    case .leftAndRight: return "\(nouns[0]) on the left and \(nouns[1]) on the right"
    case .above: return "\(nouns[0]) above \(nouns[1])"
    case .inFrontOf: return "\(nouns[0]) in front of \(nouns[1])"
    }
  }

  private func placePhrase(_ scene: SceneDescription, _ random: inout SceneRandom) -> String {
    let motion = scene.items.last?.motion ?? .stand
    let phrases = Self.phrases(scene.place, flying: motion == .fly)
    if phrases.isEmpty { return "" }
    var phrase = random.choice(phrases)
    // The time of day alone is often all that is said.
    if scene.light != .day, scene.relation != .leftAndRight, random.chance(0.25) { phrase = "" }
    switch scene.light {
    case .day: return phrase
    case .night:
      if scene.place == .sky, !phrase.isEmpty, random.chance(0.7) { return "in the night sky" }
      return phrase.isEmpty ? "at night" : phrase + " at night"
    case .sunset: return phrase.isEmpty ? "at sunset" : phrase + " at sunset"
    }
  }

  private static func phrases(_ place: SceneDescription.Place, flying: Bool) -> [String] {
    let near = flying ? "over" : "on"
    return switch place {
    case .plain: []
    case .moon: ["\(near) the moon"]
    case .table: ["on a table", "on the table"]
    case .beach: ["\(near) the beach", "\(near) a beach"]
    case .meadow: flying ? ["over a meadow", "in a meadow"] : ["in a meadow", "on the grass"]
    case .snow: [flying ? "over the snow" : "in the snow"]
    case .street: ["\(near) the street", "\(near) a road"]
    case .desert: [flying ? "over the desert" : "in the desert"]
    case .underwater: ["under water", "under the sea"]
    case .sea: flying ? ["over the sea"] : ["on the sea", "on the water"]
    case .sky: ["in the sky"]
    case .space: ["in space"]
    }
  }
}
