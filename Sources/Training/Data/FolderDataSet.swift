import Foundation
import Images

/// A folder of PNG and JPEG pictures with captions: from `metadata.jsonl` or `metadata.csv`, or `name.txt` beside each.
public struct FolderDataSet: CaptionedImages {
  /// A picture that could not be used, and why.
  public struct Skipped: Sendable, Equatable {
    public let file: String
    public let reason: String
  }

  /// How a picture is brought to the training size.
  public enum Fit: String, Codable, Sendable, CaseIterable {
    /// The short side is scaled, the middle square kept.
    case centerCrop = "center-crop"
    /// Both sides are scaled, shapes may change.
    case stretch
  }

  private let items: [(url: URL, caption: String)]
  public let skipped: [Skipped]
  private let fit: Fit
  private let background: (UInt8, UInt8, UInt8) = (255, 255, 255)

  public var count: Int { items.count }

  /// The caption of each picture, empty where there is none.
  public var captions: [String] { items.map(\.caption) }

  /// Reads the captions and opens every picture once; damaged ones are left out and listed in `skipped`.
  public init(_ folder: URL, fit: Fit = .centerCrop) throws {
    let files = try Self.imageFiles(in: folder)
    let captions = try CaptionFile.read(folder)
    var items: [(url: URL, caption: String)] = []
    var skipped: [Skipped] = []
    for file in files {
      do {
        _ = try ImageFile.load(file.url)
        let caption =
          try captions[file.name]
          ?? CaptionFile.sidecar(of: file.url) ?? ""
        items.append((file.url, caption))
      } catch {
        skipped.append(Skipped(file: file.name, reason: "\(error)"))
      }
    }
    for name in captions.keys.sorted() where !files.contains(where: { $0.name == name }) {
      skipped.append(Skipped(file: name, reason: "named in the captions but not in the folder"))
    }
    guard !items.isEmpty else {
      throw TrainingError.noData(path: folder.path, reason: "holds no readable PNG or JPEG picture")
    }
    self.items = items
    self.skipped = skipped
    self.fit = fit
  }

  public func example(_ index: Int, size: Int) throws -> CaptionedImage {
    let item = items[index]
    var image = try ImageFile.load(item.url)
    if image.channels == 4 { image = image.composited(over: background) }
    image = image.converted(toChannels: 3)
    if fit == .centerCrop { image = image.centerCroppedSquare() }
    if image.width != size || image.height != size {
      let shrinks = image.width > size
      image = image.resized(width: size, height: size, filter: shrinks ? .area : .lanczos3)
    }
    return CaptionedImage(image: image, caption: item.caption)
  }

  /// Pictures below `folder`, sorted by their path relative to it.
  static func imageFiles(in folder: URL) throws -> [(url: URL, name: String)] {
    let base = folder.standardizedFileURL.path
    guard let walker = FileManager.default.enumerator(atPath: base) else {
      throw TrainingError.noData(path: folder.path, reason: "no such folder")
    }
    let endings = ["png", "jpg", "jpeg"]
    var names: [String] = []
    for case let name as String in walker
    where endings.contains((name as NSString).pathExtension.lowercased()) {
      names.append(name)
    }
    return names.sorted().map { (folder.appendingPathComponent($0), $0) }
  }
}
