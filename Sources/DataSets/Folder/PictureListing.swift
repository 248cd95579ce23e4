import Foundation
import Glibc

/// What lies in a folder of pictures and below it, by name alone: nothing is opened.
public struct PictureListing: Sendable {
  public let folder: URL
  /// Paths of pictures relative to the folder, sorted.
  public private(set) var pictures: [String] = []
  /// Paths of masks beside pictures, `NAME.mask.png`, sorted.
  public private(set) var masks: [String] = []
  /// Paths of pictures in formats that are not read here, sorted.
  public private(set) var otherPictures: [String] = []
  /// Paths of captions beside which there is no picture of their name, sorted. Where tables hold the captions, texts are
  /// something else.
  public private(set) var strayCaptions: [String] = []
  /// Paths of files with captions for many pictures, parents first.
  private(set) var tables: [String] = []
  /// Paths of Parquet and tar files.
  private(set) var archives: [String] = []

  /// What a picture's mask has behind its name.
  package static let maskEnding = ".mask.png"
  static let pictureEndings: Set<String> = ["png", "jpg", "jpeg"]
  static let otherPictureEndings: Set<String> = [
    "webp", "gif", "bmp", "tif", "tiff", "avif", "heic", "heif", "jxl", "jp2",
  ]
  static let tableNames = ["metadata.jsonl", "metadata.csv"]

  /// Walks through a folder. Hidden files and folders are passed over; links to folders are not followed.
  public init(_ folder: URL) throws(DataSetError) {
    self.folder = folder
    var open = [""]
    var texts: [String] = []
    while let place = open.popLast() {
      let path = place.isEmpty ? folder.path : folder.appendingPathComponent(place).path
      guard let directory = opendir(path) else {
        let reason = errno == ENOENT ? "no such folder" : errno == ENOTDIR ? "is not a folder" : systemReason
        throw .noData(path: path, reason: reason)
      }
      defer { closedir(directory) }
      while let entry = readdir(directory) {
        let name = withUnsafePointer(to: &entry.pointee.d_name) {
          $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
        }
        if name.hasPrefix(".") { continue }
        let relative = place.isEmpty ? name : "\(place)/\(name)"
        switch Int(entry.pointee.d_type) {
        case Int(DT_DIR): open.append(relative)
        case Int(DT_REG): take(relative, name, &texts)
        default:
          var info = stat()
          guard stat(folder.appendingPathComponent(relative).path, &info) == 0 else { continue }
          let isLink = Int(entry.pointee.d_type) == Int(DT_LNK)
          if info.st_mode & S_IFMT == S_IFREG { take(relative, name, &texts) }
          if info.st_mode & S_IFMT == S_IFDIR, !isLink { open.append(relative) }
        }
      }
    }
    pictures.sort()
    masks = pictures.filter { $0.hasSuffix(Self.maskEnding) }
    if !masks.isEmpty {
      let stems = Set(pictures.map { String(Self.stem($0)) })
      masks.removeAll { !stems.contains(String($0.dropLast(Self.maskEnding.count))) }
      let set = Set(masks)
      pictures.removeAll { set.contains($0) }
    }
    if tables.isEmpty, !texts.isEmpty {
      let stems = Set((pictures + otherPictures).map(Self.stem))
      strayCaptions = texts.filter { !stems.contains(Self.stem($0)) }.sorted()
    }
    otherPictures.sort()
    archives.sort()
    tables.sort { ($0.count(where: { $0 == "/" }), $0) < ($1.count(where: { $0 == "/" }), $1) }
  }

  private mutating func take(_ path: String, _ name: String, _ texts: inout [String]) {
    if Self.tableNames.contains(name) {
      tables.append(path)
      return
    }
    guard let dot = path.lastIndex(of: ".") else { return }
    let ending = path[path.index(after: dot)...].lowercased()
    if Self.pictureEndings.contains(ending) {
      pictures.append(path)
    } else if Self.otherPictureEndings.contains(ending) {
      otherPictures.append(path)
    } else if ["parquet", "tar"].contains(ending) {
      archives.append(path)
    } else if CaptionFile.sidecarEndings.contains(ending) {
      texts.append(path)
    }
  }

  private static func stem(_ path: String) -> Substring { path[..<(path.lastIndex(of: ".") ?? path.endIndex)] }
}
