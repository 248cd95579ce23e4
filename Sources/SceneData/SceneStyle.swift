/// Where the word for a style stands in a caption, and how it is put.
struct SceneStyle {
  /// Before the noun: "a glossy cat".
  private(set) var adjective: String?
  /// Before everything: "a glossy drawing of a cat".
  private(set) var opening: String?
  /// Behind everything: "a cat, glossy style".
  private(set) var ending = ""

  /// Whether there is a word at all.
  var isSaid: Bool { adjective != nil || opening != nil || !ending.isEmpty }

  /// Chooses one of the ways; a scene in the usual hand has none of them.
  init(_ scene: SceneDescription, _ random: inout SceneRandom) {
    guard let word = scene.style else { return }
    let isOne = scene.items.count == 1
    switch random.weighted([isOne ? 2 : 0, scene.relation == .leftAndRight ? 0 : 1.5, 1.5]) {
    case 0: adjective = word
    case 1:
      let picture = random.choice(["drawing", "picture", "illustration"])
      opening = SceneCaption.withArticle("\(word) \(picture) of ")
    default: ending = random.choice([", \(word) style", " in \(SceneCaption.withArticle("\(word) style"))"])
    }
  }
}
