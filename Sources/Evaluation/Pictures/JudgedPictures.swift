import DataSets
import Foundation
import Images
import SceneData

/// Some pictures with what is known of them, asked for one after the other.
public struct JudgedPictures: Sendable {
  /// Where they are, for messages.
  public let place: String
  public let names: [String]
  /// Captions or prompts, empty where there is none.
  public let captions: [String]
  public let truths: [PictureTruth]
  private let load: @Sendable (Int) throws -> Image

  public var count: Int { names.count }

  public init(
    place: String, names: [String], captions: [String], truths: [PictureTruth],
    load: @escaping @Sendable (Int) throws -> Image
  ) {
    (self.place, self.names, self.captions, self.truths, self.load) = (place, names, captions, truths, load)
  }

  /// The pictures of a folder.
  /// - Parameter limit: the first so many, in the order of their names; nil for all.
  /// - Throws: `DataSetError` where there is none.
  public init(folder: URL, limit: Int? = nil) throws {
    let set = try FolderDataSet(folder)
    let columns = try PictureColumns(try PictureListing(folder))
    let count = min(set.count, limit ?? set.count)
    let names = Array(set.names.prefix(count))
    self.init(
      place: folder.path, names: names, captions: try (0..<count).map { try set.caption($0) },
      truths: try names.map { PictureTruth(try columns.columns(of: $0)) },
      load: { try ImageFile.load(set.url($0)) })
  }

  /// One picture.
  public func image(_ index: Int) throws -> Image { try load(index) }

  /// Some of the pictures.
  public func some(_ places: [Int]) -> JudgedPictures {
    JudgedPictures(
      place: place, names: places.map { names[$0] }, captions: places.map { captions[$0] },
      truths: places.map { truths[$0] }, load: { [load] in try load(places[$0]) })
  }
}
