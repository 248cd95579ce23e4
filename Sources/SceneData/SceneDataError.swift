/// What can go wrong while the sprites of a scene data set are read or its files are written.
public enum SceneDataError: Error, Equatable, CustomStringConvertible {
  /// A vocabulary file cannot be read at all.
  case unreadableVocabulary(path: String, reason: String)
  /// A line of the vocabulary does not follow its format; `line` counts from 1.
  case badVocabulary(path: String, line: Int, found: String, expected: String)
  /// There is no folder of sprites.
  case noSprites(directory: String)
  /// Sprites that the vocabulary names are not in the sprite folder (`SET/NAME.png`, sorted).
  case missingSprites(directory: String, files: [String])
  /// A sprite is no picture, or has no opaque pixel.
  case unreadableSprite(path: String, reason: String)
  /// A picture side outside the supported 64...512.
  case badSide(Int)
  /// A share of single things that is no share.
  case badShare(Float)
  /// The data set's folder or one of its files cannot be written.
  case unwritable(path: String, reason: String)

  public var description: String {
    switch self {
    case .unreadableVocabulary(let path, let reason):
      "\(path): the scene vocabulary cannot be read: \(reason)"
    case .badVocabulary(let path, let line, let found, let expected):
      "\(path):\(line): found \"\(found)\", expected \(expected)"
    case .noSprites(let directory):
      "\(directory): no such folder; imago data sprites makes one"
    case .missingSprites(let directory, let files):
      "\(directory): \(files.count) sprites named in the vocabulary are missing, such as "
        + files.prefix(5).joined(separator: ", ") + "; add them or take them off the vocabulary"
    case .unreadableSprite(let path, let reason):
      "\(path): the sprite cannot be used: \(reason)"
    case .badSide(let side):
      "a scene's side of \(side) pixels: must be 64 to 512"
    case .badShare(let share):
      "a share of \(share) of single things: must be 0 to 1"
    case .unwritable(let path, let reason):
      "\(path): cannot be written: \(reason)"
    }
  }
}
