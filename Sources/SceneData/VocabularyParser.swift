import Foundation

/// Reads a scene vocabulary line by line.
struct VocabularyParser {
  private let path: String
  private var line = 0
  private var sets: [String] = []
  private var things: [SceneVocabulary.Thing] = []
  /// The line each thing begins in.
  private var starts: [Int] = []
  private(set) var house: String?
  private(set) var styles: [SceneVocabulary.Style] = []
  private(set) var grid: Int?

  init(path: String) { self.path = path }

  /// Takes the next line.
  mutating func read(_ text: Substring) throws(SceneDataError) {
    line += 1
    let words = text.prefix { $0 != "#" }.split(whereSeparator: \.isWhitespace).map(String.init)
    guard let key = words.first else { return }
    let values = Array(words.dropFirst())
    guard !values.isEmpty else { throw bad(key, "a value after the key") }
    switch key {
    case "sets":
      sets = values
    case "house":
      house = values[0]
    case "grid":
      guard let spaces = Int(values[0]), 8...64 ~= spaces else { throw bad(values[0], "8...64") }
      grid = spaces
    case "style":
      guard values.count == 3 else { throw bad(values.joined(separator: " "), "WORD SET PERCENT") }
      if styles.contains(where: { $0.word == values[0] }) { throw bad(values[0], "each style once") }
      styles.append(.init(word: values[0], set: values[1], share: try number(values[2], 0...100) / 100))
    case "thing":
      let name = values.joined(separator: " ")
      if things.contains(where: { $0.name == name }) { throw bad(name, "each thing once") }
      things.append(.init(name: name, plural: name + "s"))
      starts.append(line)
    default:
      guard !things.isEmpty else { throw bad(key, "\"sets\", \"house\", \"style\", \"grid\" or \"thing\" first") }
      try read(key, values, into: &things[things.count - 1])
    }
  }

  /// Returns the things once the last line has been read.
  func finish() throws(SceneDataError) -> [SceneVocabulary.Thing] {
    guard !things.isEmpty else { throw bad("nothing", "at least one thing") }
    for (thing, start) in zip(things, starts) where thing.sprites.isEmpty {
      throw bad(thing.name, "a \"sprites\" line for the thing", at: start)
    }
    if let house {
      for (thing, start) in zip(things, starts) where thing.drawings(set: house, face: false).isEmpty {
        throw bad(thing.name, "a sprite of the house set \(house) for the thing", at: start)
      }
    } else if !styles.isEmpty {
      throw bad("style", "a \"house\" line: what is shown where no style is named")
    }
    guard styles.reduce(0, { $0 + $1.share }) <= 1 else { throw bad("style", "styles of at most 100 percent in all") }
    return things
  }

  private func read(
    _ key: String, _ values: [String], into thing: inout SceneVocabulary.Thing
  ) throws(SceneDataError) {
    switch key {
    case "plural":
      thing.plural = values.joined(separator: " ")
    case "also":
      for value in values { thing.synonyms.append(synonym(value)) }
    case "motion":
      thing.motions = try words(values)
    case "size":
      guard let size = Int(values[0]), 1...5 ~= size else { throw bad(values[0], "1...5") }
      thing.size = size
    case "weight":
      thing.weight = try number(values[0], 0.01...100)
    case "not":
      thing.excluded = Set(try words(values))
    case "is":
      thing.traits = Set(try words(values))
    case "colours":
      for value in values where Tone.all[value] == nil {
        throw bad(value, "one of " + SceneVocabulary.colourNames.joined(separator: ", "))
      }
      thing.colours = values
    case "hue":
      if values == ["all"] {
        thing.hue = [0, 360]
      } else {
        guard values.count == 2 else { throw bad(values.joined(separator: " "), "two numbers, or all") }
        thing.hue = [try number(values[0], 0...360), try number(values[1], 1...180)]
      }
    case "sprites":
      for value in values { thing.sprites += try sprites(value) }
    case "stand-sprites":
      for value in values { thing.standSprites += try sprites(value) }
    case "face-sprites":
      for value in values { thing.faceSprites += try sprites(value) }
    default:
      throw bad(
        key,
        "plural, also, motion, size, weight, not, is, colours, hue, sprites, stand-sprites, face-sprites")
    }
  }

  /// Reads `WORD` or `WORD/PLURAL`, underscores for spaces.
  private func synonym(_ text: String) -> SceneVocabulary.Synonym {
    let parts = text.split(separator: "/", maxSplits: 1).map { String($0.replacing("_", with: " ")) }
    return .init(name: parts.first ?? text, plural: parts.count == 2 ? parts[1] : (parts.first ?? text) + "s")
  }

  /// Reads `SET/NAME[:colour][=colour][~degrees][@weight][!][<|>]`: `!` for "not to be recoloured", `<` and `>` for the
  /// side the drawing looks to.
  private func sprites(
    _ text: String
  ) throws(SceneDataError) -> [SceneVocabulary.SpriteName] {
    let marks = "/:=~@"
    let name = text.filter { !"!<>".contains($0) }.split(separator: "/", maxSplits: 1)
    guard name.count == 2 else { throw bad(text, "SET/NAME") }
    if text.contains("<"), text.contains(">") { throw bad(text, "either \"<\" or \">\"") }
    var fields: [Character: String] = [:]
    var mark: Character = "/"
    for character in name[1] {
      if marks.contains(character) {
        mark = character
      } else {
        fields[mark, default: ""].append(character)
      }
    }
    guard let file = fields["/"] else { throw bad(text, "SET/NAME") }
    for colour in [fields[":"], fields["="]].compactMap({ $0 }) where Tone.all[colour] == nil {
      throw bad(colour, "one of " + SceneVocabulary.colourNames.joined(separator: ", "))
    }
    let turn = try number(fields["~"] ?? "0", -180...180)
    let weight = try number(fields["@"] ?? "1", 0.01...100)
    if name[0] == "*", sets.isEmpty { throw bad(text, "a \"sets\" line before \"*\"") }
    return (name[0] == "*" ? sets : [String(name[0])]).map {
      .init(
        file: "\($0)/\(file).png", colour: fields[":"], weight: weight,
        repaint: fields["="], turn: turn,
        recolourable: !text.contains("!"), facing: text.contains("<") ? .left : text.contains(">") ? .right : nil)
    }
  }

  private func words<T: RawRepresentable & CaseIterable>(
    _ texts: [String]
  ) throws(SceneDataError) -> [T] where T.RawValue == String {
    var values: [T] = []
    for text in texts {
      guard let value = T(rawValue: text) else {
        throw bad(text, "one of " + T.allCases.map(\.rawValue).joined(separator: ", "))
      }
      values.append(value)
    }
    return values
  }

  private func number(
    _ text: String, _ range: ClosedRange<Float>
  ) throws(SceneDataError) -> Float {
    guard let value = Float(text), range.contains(value) else {
      throw bad(text, "a number in \(range.lowerBound)...\(range.upperBound)")
    }
    return value
  }

  /// - Parameter place: the line; nil for the one that was read last.
  private func bad(_ found: String, _ expected: String, at place: Int? = nil) -> SceneDataError {
    .badVocabulary(path: path, line: place ?? line, found: found, expected: expected)
  }
}
