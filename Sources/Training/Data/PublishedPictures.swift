import DataSets
import Foundation
import Images

/// A data set of small pictures of one size as it is published (IDX, CIFAR-10), held in memory with the names of its
/// classes.
struct PublishedPictures: CaptionedImages {
  let count: Int
  private let (width, height, channels): (Int, Int, Int)
  /// One picture after the other.
  private let pixels: [UInt8]
  private let captions: [String]

  /// Reads all of it.
  /// - Parameter split: which part.
  init(_ url: URL, split: ImportOptions.Split) throws {
    var options = ImportOptions()
    options.split = split
    let source = try ImportSources.open(url, options)
    var (shape, bytes, names) = ((0, 0, 0), [UInt8](), [String]())
    while let record = try source.next() {
      guard case .image(let image) = record.picture else {
        throw DataSetError.unsupported(
          path: url.path,
          what: "is \(source.kind), whose pictures are files: make a folder of it with imago data import, and say "
            + "kind: folder")
      }
      if names.isEmpty {
        shape = (image.width, image.height, image.channels)
        bytes.reserveCapacity((source.count ?? 0) * image.pixels.count)
      }
      bytes += image.pixels
      names.append(record.caption ?? "")
    }
    guard !names.isEmpty else { throw DataSetError.noData(path: url.path, reason: "holds no picture") }
    (width, height, channels) = shape
    (pixels, captions, count) = (bytes, names, names.count)
  }

  func example(_ index: Int, size: Int) throws -> CaptionedImage {
    let length = width * height * channels
    let image = Image(
      width: width, height: height, channels: channels,
      pixels: Array(pixels[(index * length)..<((index + 1) * length)]))
    let colour = image.converted(toChannels: 3)
    guard width != size || height != size else { return CaptionedImage(image: colour, caption: captions[index]) }
    let resized = colour.resized(width: size, height: size, filter: size < width ? .area : .lanczos3)
    return CaptionedImage(image: resized, caption: captions[index])
  }
}
