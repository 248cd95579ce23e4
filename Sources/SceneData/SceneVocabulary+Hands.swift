import Foundation

extension SceneVocabulary {
  /// The same things as other hands draw them: for scenes of a judge, who must not have learnt from the model's drawings.
  ///
  /// There is no house hand, styles have no words, and nothing is said of facing. Things that none of the hands draws are
  /// left out.
  /// - Parameters:
  ///   - hands: sets of drawings.
  ///   - folder: holds `SET/NAME.png`, by the same names whatever the set.
  /// - Throws: `missingSprites` for a hand whose folder is not there, and if no thing is left.
  public func redrawn(by hands: [String], sprites folder: URL) throws(SceneDataError) -> SceneVocabulary {
    for hand in hands {
      var isFolder: ObjCBool = false
      let path = folder.appendingPathComponent(hand).path
      guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder), isFolder.boolValue else {
        throw .missingSprites(directory: folder.path, files: ["\(hand)/*.png"])
      }
    }
    func drawings(_ names: [SpriteName]) -> [SpriteName] {
      var seen: Set<String> = []
      let plain = names.filter { seen.insert(String($0.file.dropFirst($0.set.count + 1))).inserted }
      return hands.flatMap { hand in
        plain.compactMap { name in
          let file = "\(hand)/\(name.file.dropFirst(name.set.count + 1))"
          guard FileManager.default.fileExists(atPath: folder.appendingPathComponent(file).path) else { return nil }
          return SpriteName(
            file: file, colour: nil, weight: name.weight, repaint: nil, turn: 0, recolourable: name.recolourable,
            facing: nil)
        }
      }
    }
    var other = self
    (other.house, other.styles) = (nil, [])
    for index in other.things.indices {
      other.things[index].sprites = drawings(things[index].sprites)
      other.things[index].standSprites = drawings(things[index].standSprites)
      other.things[index].faceSprites = drawings(things[index].faceSprites)
    }
    other.things.removeAll { $0.sprites.isEmpty }
    guard !other.things.isEmpty else {
      throw .missingSprites(
        directory: folder.path,
        files: things.flatMap { $0.sprites.map { "\(hands.first ?? "")/\($0.file.dropFirst($0.set.count + 1))" } }
          .sorted())
    }
    return other
  }
}
