/// Says in plain English what a description holds; never more.
struct SceneCaption: Sendable {
  private let things: [String: SceneVocabulary.Thing]

  init(vocabulary: SceneVocabulary) {
    things = Dictionary(
      vocabulary.things.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
  }

  /// Chooses one of the ways to say it, from a few words to all that can be said.
  func caption(_ scene: SceneDescription, _ random: inout SceneRandom) -> String {
    let isLong = random.chance(0.55)
    let setting = ScenePlace.phrase(scene, isLong: isLong, &random)
    let style = SceneStyle(scene, &random)
    var text = subject(scene, style, isLong: isLong, &random)
    let isSided = scene.relation == .leftAndRight
    if scene.place == .plain, let backdrop = scene.backdrop, random.chance(isLong ? 0.6 : 0.12) {
      let ground = Self.withArticle((random.chance(0.8) ? "" : "plain ") + "\(backdrop) background")
      text += "\(isSided ? "," : "") on \(ground)"
    }
    let plainOpening = !isSided && random.chance(isLong ? 0.15 : 0.04) ? random.choice(Self.openings) : nil
    if let opening = style.opening ?? (style.isSaid ? nil : plainOpening) { text = opening + text }
    if !setting.isEmpty {
      text = isSided || (isLong && random.chance(0.12)) ? "\(setting), \(text)" : "\(text) \(setting)"
    }
    return text + style.ending
  }

  private static let openings = ["a picture of ", "a drawing of ", "an illustration of "]

  /// "a cat", "an owl", by the sound that the first word begins with.
  static func withArticle(_ words: String) -> String { "\(article(words)) \(words)" }

  /// "a" or "an".
  static func article(_ word: String) -> String {
    let long = ["uni", "use", "eu", "ufo", "one"]
    if long.contains(where: { word.hasPrefix($0) }) { return "a" }
    return word.first.map { "aeiou".contains($0) } == true ? "an" : "a"
  }

  /// "a small red car facing left", "two cats".
  private func noun(_ item: SceneDescription.Item, style: String?, _ random: inout SceneRandom) -> String {
    var (name, plural) = (item.thing, things[item.thing]?.plural ?? item.thing + "s")
    if let others = things[item.thing]?.synonyms, !others.isEmpty, random.chance(0.25) {
      let other = random.choice(others)
      (name, plural) = (other.name, other.plural)
    }
    let size = item.size.map { random.choice($0 == .small ? ["small", "small", "little"] : ["big", "big", "large"]) }
    let before = [size, style].compactMap { $0 }
    let facing = item.facing.map { (random.chance(0.85) ? " facing " : " looking ") + $0.rawValue } ?? ""
    if item.count > 1 {
      let number = item.count == 2 ? "two" : "three"
      return ([number] + before + [item.colour, plural].compactMap { $0 }).joined(separator: " ") + facing
    }
    let animal = [item.colour, name].compactMap { $0 }.joined(separator: " ")
    guard item.face == true || (isFace(item) && item.size == nil && random.chance(0.25)) else {
      return Self.withArticle((before + [animal]).joined(separator: " ")) + facing
    }
    // "the face of a cat" takes no adjectives of its own.
    if before.isEmpty, random.chance(0.4) { return "the face of \(Self.withArticle(animal))\(facing)" }
    return Self.withArticle((before + [animal + "'s face"]).joined(separator: " ")) + facing
  }

  private func isFace(_ item: SceneDescription.Item) -> Bool {
    things[item.thing].map { $0.traits.contains(.face) } == true && item.count == 1
  }

  private func subject(
    _ scene: SceneDescription, _ style: SceneStyle, isLong: Bool, _ random: inout SceneRandom
  ) -> String {
    let nouns = scene.items.map { noun($0, style: style.adjective, &random) }
    guard nouns.count == 2, let relation = scene.relation else {
      if let side = scene.items[0].side { return nouns[0] + " on the \(side.rawValue)" }
      let isCentred = isLong && scene.place == .plain && scene.items[0].count == 1 && scene.items[0].size == nil
      return nouns[0] + (isCentred && random.chance(0.25) ? " in the middle" : "")
    }
    let (first, second) = (nouns[0], nouns[1])
    switch relation {
    case .beside: return "\(first) \(random.choice(["and", "and", "next to", "beside"])) \(second)"
    case .leftAndRight: return "\(first) on the left and \(second) on the right"
    case .above: return "\(first) \(random.choice(["above", "above", "over"])) \(second)"
    case .under: return "\(first) \(random.choice(["under", "under", "below"])) \(second)"
    case .inFrontOf:
      return random.chance(0.7) ? "\(first) in front of \(second)" : "\(second) behind \(first)"
    case .on: return "\(first) \(random.choice(["on", "on", "on top of"])) \(second)"
    }
  }
}
