/// What is wrong with a picture file, its content, or a place to write one.
public enum ImageError: Error, Equatable, Sendable {
  /// The two formats that are read and written.
  public enum Format: String, Sendable {
    case png = "PNG"
    case jpeg = "JPEG"
  }

  /// A file cannot be read at all.
  case unreadable(path: String, reason: String)
  /// The content is neither PNG nor JPEG; `found` says what it looks like.
  case unknownFormat(found: String)
  /// The content starts like the format and then breaks its rules or ends early.
  case corrupt(Format, reason: String)
  /// The picture has more pixels than `Image` accepts.
  case tooLarge(width: Int, height: Int, limit: Int)
  /// Text that the format cannot hold.
  case unwritableText(key: String, reason: String)
  /// The ending of a path to write to is not .png, .jpg or .jpeg.
  case unknownEnding(path: String)
  /// A file cannot be written.
  case unwritable(path: String, reason: String)
  /// The encoder refused the picture.
  case notEncodable(Format, reason: String)
  /// Any of the above, in this file.
  indirect case inFile(path: String, ImageError)
}

extension ImageError: CustomStringConvertible {
  /// One line: what is wrong and what to do.
  public var description: String {
    switch self {
    case .unreadable(let path, let reason):
      "cannot read \(path): \(reason)"
    case .unknownFormat(let found):
      "not a PNG or JPEG picture: it \(found); convert it to PNG or JPEG"
    case .corrupt(let format, let reason):
      "damaged \(format.rawValue): \(reason); fetch or export the picture again"
    case .tooLarge(let width, let height, let limit):
      "too large: \(width) × \(height) pixels, at most \(limit) in all; scale it down first"
    case .unwritableText(let key, let reason):
      "cannot store the text \(key.debugDescription): \(reason)"
    case .unknownEnding(let path):
      "cannot tell the format of \(path): the name must end in .png, .jpg or .jpeg"
    case .unwritable(let path, let reason):
      "cannot write \(path): \(reason)"
    case .notEncodable(let format, let reason):
      "cannot encode the picture as \(format.rawValue): \(reason)"
    case .inFile(let path, let error):
      "\(path): \(error)"
    }
  }
}
