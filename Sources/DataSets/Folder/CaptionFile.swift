import Foundation

/// Captions of a picture folder.
public enum CaptionFile {
  /// Endings of the texts that lie beside pictures; the first that is there counts.
  static let sidecarEndings = ["txt", "caption"]

  /// Captions by the picture's path, from every `metadata.jsonl` and `metadata.csv` in the folder and below it.
  ///
  /// A picture whose row has no caption has an empty one.
  public static func read(_ listing: PictureListing) throws -> [String: String] {
    var captions: [String: String] = [:]
    for path in listing.tables {
      let table = try CaptionTable(path, in: listing.folder)
      try ByteStream.naming(table.url.path, format: "text") {
        try table.readRows { row in captions[row.name] = row.caption ?? "" }
      }
    }
    return captions
  }

  /// The caption in `name.txt` or `name.caption` beside a picture, nil if there is neither.
  ///
  /// Text that is not UTF-8 is taken for Latin-1.
  public static func sidecar(of picture: URL) throws -> String? {
    let stem = picture.deletingPathExtension().path
    for ending in sidecarEndings {
      let path = "\(stem).\(ending)"
      if access(path, F_OK) == 0 { return try TextBytes.read(URL(fileURLWithPath: path)).text }
    }
    return nil
  }
}
