import Foundation
import Images

/// A folder of PNG and JPEG pictures with captions: from `metadata.jsonl` or `metadata.csv`, or `name.txt` beside each.
///
/// Opening one reads names and tables of captions; a picture is opened when it is asked for.
public struct FolderDataSet: CaptionedImages {
  /// A picture that could not be used, and why.
  public struct Skipped: Sendable, Equatable {
    public let file: String
    public let reason: String

    public init(file: String, reason: String) {
      self.file = file
      self.reason = reason
    }
  }

  /// How a picture is brought to the training size.
  public enum Fit: String, Codable, Sendable, CaseIterable {
    /// The short side is scaled, the middle square kept.
    case centerCrop = "center-crop"
    /// Both sides are scaled, shapes may change.
    case stretch
  }

  /// The folder.
  public let folder: URL
  /// Paths of the pictures relative to the folder, sorted.
  public let names: [String]
  /// Captions that a table gives, empty where none does.
  private let written: [String]
  /// Captions that name pictures which are not there.
  public let skipped: [Skipped]
  /// Pictures in formats that are not read here.
  public let otherPictures: [String]
  /// Captions beside which there is no picture of their name.
  public let strayCaptions: [String]
  private let fit: Fit
  private let background: (UInt8, UInt8, UInt8) = (255, 255, 255)

  public var count: Int { names.count }

  /// Lists the pictures and reads the captions; no picture is opened.
  /// - Throws: `DataSetError` where there is no picture, or a table of captions cannot be read.
  public init(_ folder: URL, fit: Fit = .centerCrop) throws {
    let listing = try PictureListing(folder)
    guard !listing.pictures.isEmpty else {
      throw DataSetError.noData(path: folder.path, reason: "holds no PNG or JPEG picture")
    }
    var captions = try CaptionFile.read(listing)
    self.folder = folder
    (otherPictures, strayCaptions) = (listing.otherPictures, listing.strayCaptions)
    names = listing.pictures
    written = names.map { captions.removeValue(forKey: $0) ?? "" }
    skipped = captions.keys.sorted().map { Skipped(file: $0, reason: "named in the captions but not in the folder") }
    self.fit = fit
  }

  /// The file of a picture.
  public func url(_ index: Int) -> URL { folder.appendingPathComponent(names[index]) }

  /// The caption of a picture, empty where there is none.
  /// - Throws: where the text beside the picture cannot be read.
  public func caption(_ index: Int) throws -> String {
    if !written[index].isEmpty { return written[index] }
    return try CaptionFile.sidecar(of: url(index)) ?? RepeatFolder(names[index]).caption ?? ""
  }

  /// The caption of each picture, empty where there is none that can be read.
  public var captions: [String] { (0..<count).map { (try? caption($0)) ?? "" } }

  /// Width and height of a picture as it is shown, from the head of its file.
  public func size(_ index: Int) throws -> (width: Int, height: Int) {
    let header = try ImageHeader(url(index))
    return (header.width, header.height)
  }

  public func example(_ index: Int, size: Int) throws -> CaptionedImage {
    var image = try ImageFile.load(url(index))
    if image.channels == 4 { image = image.composited(over: background) }
    image = image.converted(toChannels: 3)
    if fit == .centerCrop { image = image.centerCroppedSquare() }
    if image.width != size || image.height != size {
      let shrinks = image.width > size
      image = image.resized(width: size, height: size, filter: shrinks ? .area : .lanczos3)
    }
    return CaptionedImage(image: image, caption: try caption(index))
  }
}
