import DataSets
import Foundation
import Images

/// One picture of a folder as training sees it.
package struct TrainingPicture: Sendable {
  let url: URL
  /// Its path in the folder.
  package let name: String
  package let caption: String
  let width, height: Int
  /// How often it is seen in an epoch: `10_name/` in its path.
  package let repeats: Int
  /// SHA-256 of the file, of its mask too if that counts.
  let hash: String
  /// What it counts in the loss.
  var weight: Float = 1
  /// Whether it is one of the class, drawn by the model itself.
  var isPrior = false
}

/// The pictures of a folder, those that cannot be used and why.
package struct TrainingPictures {
  package struct Skipped: Sendable, Equatable {
    package let name, reason: String
  }

  package private(set) var pictures: [TrainingPicture] = []
  package private(set) var skipped: [Skipped] = []

  /// Reads a folder: PNG and JPEG with captions from `metadata.jsonl` or `metadata.csv`, `name.txt` or `name.caption`,
  /// else from a folder's name, as kohya's trainer takes `10_zkz dog/` for ten repeats of that caption.
  /// - Parameters:
  ///   - least: pictures with a shorter side are left out.
  ///   - own: files and folders of the run itself, which may lie in the folder and are no part of it.
  /// - Throws: `noData` if nothing is left.
  package init(_ folder: URL, rules: CaptionRules, isMasked: Bool, least: Int, own: [URL] = []) throws {
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: folder.path, isDirectory: &isFolder) else {
      throw TrainingError.noData(path: folder.path, reason: "there is no such folder")
    }
    guard isFolder.boolValue else {
      throw TrainingError.noData(path: folder.path, reason: "is a file; give the folder of the pictures")
    }
    let listing = try PictureListing(folder)
    let captions = try CaptionFile.read(listing)
    let root = folder.standardizedFileURL.resolvingSymlinksInPath().path
    // A run around its pictures has them all in its folder, and they are no less pictures.
    let places = own.map { $0.standardizedFileURL.resolvingSymlinksInPath().path }
      .filter { !"\(root)/".hasPrefix("\($0)/") }
    func isOwn(_ name: String) -> Bool { places.contains { "\(root)/\(name)/".hasPrefix("\($0)/") } }
    let names = listing.pictures.filter { !isOwn($0) }
    for name in names {
      let url = folder.appendingPathComponent(name)
      do {
        let bytes = try Data(contentsOf: url)
        let image = try ImageFile.load(url)
        guard min(image.width, image.height) >= least else {
          skipped.append(
            Skipped(
              name: name,
              reason: "is \(image.width)×\(image.height): smaller than \(least) pixels, and nothing is enlarged"))
          continue
        }
        let place = RepeatFolder(name)
        let row = captions[name].flatMap { $0.isEmpty ? nil : $0 }
        let written = try row ?? CaptionFile.sidecar(of: url) ?? place.caption ?? ""
        let mask = isMasked ? try MaskFile.bytes(of: url) ?? Data() : Data()
        if isMasked { _ = try MaskFile.load(url, image) }
        pictures.append(
          TrainingPicture(
            url: url, name: name, caption: rules.caption(written), width: image.width, height: image.height,
            repeats: place.repeats, hash: ContentHash.hex([bytes, mask])))
      } catch {
        skipped.append(Skipped(name: name, reason: "\(error)".replacingOccurrences(of: "\(url.path): ", with: "")))
      }
    }
    for name in listing.otherPictures {
      skipped.append(Skipped(name: name, reason: "is neither PNG nor JPEG; save it as one of them"))
    }
    for name in listing.strayCaptions where !isOwn(name) {
      skipped.append(Skipped(name: name, reason: "is the caption of no picture: none beside it has its name"))
    }
    let there = Set(listing.pictures)
    for name in captions.keys.sorted() where !there.contains(name) {
      skipped.append(Skipped(name: name, reason: "named in the captions but not in the folder"))
    }
    guard !pictures.isEmpty else {
      let first = skipped.first.map { "; \($0.name): \($0.reason)" } ?? ""
      throw TrainingError.noData(
        path: folder.path, reason: "holds no PNG or JPEG picture that can be used\(first)")
    }
  }
}

/// `name.mask.png` beside a picture: white is what counts.
enum MaskFile {
  static func url(of picture: URL) -> URL {
    URL(fileURLWithPath: picture.deletingPathExtension().path + PictureListing.maskEnding)
  }

  static func bytes(of picture: URL) throws -> Data? {
    let url = url(of: picture)
    return FileManager.default.fileExists(atPath: url.path) ? try Data(contentsOf: url) : nil
  }

  /// The mask of a picture, one channel: its own file's, or the alpha of the picture; nil for neither.
  static func load(_ picture: URL, _ image: Image) throws -> Image? {
    let url = url(of: picture)
    if FileManager.default.fileExists(atPath: url.path) {
      let mask = try ImageFile.load(url)
      guard mask.width == image.width, mask.height == image.height else {
        throw TrainingError.noData(
          path: url.path,
          reason:
            "is \(mask.width)×\(mask.height), its picture \(image.width)×\(image.height); give a mask of the picture's size"
        )
      }
      return mask.converted(toChannels: 1)
    }
    guard image.channels == 4 else { return nil }
    let alpha = stride(from: 3, to: image.pixels.count, by: 4).map { image.pixels[$0] }
    return Image(width: image.width, height: image.height, channels: 1, pixels: alpha)
  }
}
