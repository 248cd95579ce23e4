import Files
import Foundation

/// Reads and writes picture files.
public enum ImageFile {
  /// The key of the text that holds generation parameters.
  public static let parametersKey = "parameters"

  /// Loads a PNG or JPEG file, told apart by content whatever its name.
  /// - Throws: `unreadable`, or `inFile` with the error in the content.
  public static func load(_ url: URL) throws(ImageError) -> Image {
    try loadWithText(url).image
  }

  /// Loads a file and the text stored in it, in file order.
  ///
  /// PNG gives all its text chunks; JPEG gives its EXIF UserComment under `parameters`.
  /// - Throws: as `load`.
  public static func loadWithText(
    _ url: URL
  ) throws(ImageError) -> (image: Image, text: [PNG.Text]) {
    try read(url) { data throws(ImageError) in
      switch data.withUnsafeBytes({ FileSignature.format($0) }) {
      case .png:
        let decoded = try PNG.decodeWithText(data)
        return (decoded.image, decoded.text)
      case .jpeg:
        let decoded = try JPEG.decodeWithText(data)
        return (decoded.image, decoded.userComment.map { [(parametersKey, $0)] } ?? [])
      case nil:
        throw .unknownFormat(found: data.withUnsafeBytes { FileSignature.describe($0) })
      }
    }
  }

  /// The text under `parameters` in a file, for `GenerationParameters(parsing:)`; nil if there is
  /// none.
  /// - Throws: as `load`.
  public static func parameters(of url: URL) throws(ImageError) -> String? {
    try loadWithText(url).text.first { $0.key == parametersKey }?.value
  }

  /// Why a file cannot hold generation parameters of that length; nil if it can.
  /// - Parameter url: its ending says which format it has.
  public static func problem(storing parameters: String, in url: URL) -> String? {
    switch url.pathExtension.lowercased() {
    case "jpg", "jpeg": JPEG.textProblem(parameters)
    case "png": PNG.textProblem(parameters)
    default: nil
    }
  }

  /// Writes a file so that its name never stands for half a picture: under another name first, then
  /// renamed.
  ///
  /// The ending picks the format: `.png`, or `.jpg` and `.jpeg` (quality 95, transparent parts
  /// white).
  /// - Parameter text: for PNG all of it; for JPEG the first entry under `parameters`, the others
  ///   are left out because the format has no place for them.
  /// - Throws: `unknownEnding`, `unwritable`, `inFile` with an encoding error.
  public static func save(
    _ image: Image, to url: URL, text: [PNG.Text] = []
  ) throws(ImageError) {
    let encode: () throws(ImageError) -> [UInt8]
    switch url.pathExtension.lowercased() {
    case "png":
      encode = { () throws(ImageError) in try PNG.encode(image, text: text) }
    case "jpg", "jpeg":
      let comment = text.first { $0.key == parametersKey }?.value
      encode = { () throws(ImageError) in try JPEG.encode(image, userComment: comment) }
    default:
      throw .unknownEnding(path: url.path)
    }
    let bytes: [UInt8]
    do {
      bytes = try encode()
    } catch {
      throw .inFile(path: url.path, error)
    }
    try write(bytes, to: url)
  }

  private static func write(_ bytes: [UInt8], to url: URL) throws(ImageError) {
    let folder = url.deletingLastPathComponent()
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: folder.path, isDirectory: &isFolder) else {
      throw .unwritable(path: url.path, reason: "the folder \(folder.path) does not exist")
    }
    guard isFolder.boolValue else {
      throw .unwritable(path: url.path, reason: "\(folder.path) is not a folder")
    }
    do {
      try PartialFile.write(Data(bytes), to: url.path)
    } catch {
      throw .unwritable(path: url.path, reason: error.description)
    }
  }

  /// Passes a file's content on; errors in it get the path.
  static func read<Value>(
    _ url: URL, _ body: (Data) throws(ImageError) -> Value
  ) throws(ImageError) -> Value {
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: url.path, isDirectory: &isFolder) else {
      throw .unreadable(path: url.path, reason: "there is no such file")
    }
    guard !isFolder.boolValue else {
      throw .unreadable(path: url.path, reason: "it is a folder")
    }
    guard let data = try? Data(contentsOf: url) else {
      throw .unreadable(path: url.path, reason: "it cannot be opened; check its permissions")
    }
    do {
      return try body(data)
    } catch {
      throw .inFile(path: url.path, error)
    }
  }
}
