/// What can go wrong while the sprites of a scene data set are read or its files are written.
public enum SceneDataError: Error, Equatable, CustomStringConvertible {
  /// A vocabulary file cannot be read at all.
  case unreadableVocabulary(path: String, reason: String)
  /// A line of the vocabulary does not follow its format; `line` counts from 1.
  case badVocabulary(path: String, line: Int, found: String, expected: String)
  /// Sprites that the vocabulary names are not in the sprite folder (`SET/NAME.png`, sorted).
  case missingSprites(directory: String, files: [String])
  /// There is no folder of sprites at all.
  case noSprites(directory: String)
  /// A sprite is no picture, or has no opaque pixel.
  case unreadableSprite(path: String, reason: String)
  /// A picture side outside the supported 64...512.
  case badSide(Int)
  /// The data set's folder or one of its files cannot be written.
  case unwritable(path: String, reason: String)

  public var description: String {
    switch self {
    case .unreadableVocabulary(let path, let reason):
      "Cannot read the scene vocabulary \(path): \(reason)."
    case .badVocabulary(let path, let line, let found, let expected):
      "\(path):\(line): found \"\(found)\", expected \(expected)."
    case .missingSprites(let directory, let files):
      "\(files.count) sprites named in the vocabulary are missing from \(directory): "
        + files.prefix(8).joined(separator: ", ") + (files.count > 8 ? ", …" : "")
        + ". Add them, or take them off the vocabulary."
    case .noSprites(let directory):
      "\(directory): no such folder. Make it with: imago data sprites --output \(directory)"
    case .unreadableSprite(let path, let reason):
      "Cannot use the sprite \(path): \(reason)."
    case .badSide(let side):
      "A scene's side must be 64...512 pixels, found \(side)."
    case .unwritable(let path, let reason):
      "Cannot write \(path): \(reason)."
    }
  }
}
