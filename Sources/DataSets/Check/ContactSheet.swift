import Images

/// Many pictures of a data set, small, in one.
public enum ContactSheet {
  /// Lays out pictures from all over a data set, in its order.
  /// - Parameters:
  ///   - count: most pictures; of a larger set evenly spaced ones are taken.
  ///   - side: pixels of the square each is fitted into.
  ///   - skipped: told of pictures that cannot be read; others take no place of theirs.
  /// - Throws: `DataSetError` if none can be read.
  public static func make(
    _ set: FolderDataSet, count: Int, columns: Int, side: Int, skipped: (FolderDataSet.Skipped) -> Void = { _ in }
  ) throws -> Image {
    precondition(count > 0 && columns > 0 && side > 0, "ContactSheet.make: nothing asked for")
    let taken = min(count, set.count)
    var cells: [Image] = []
    for place in 0..<taken {
      let index = place * set.count / taken
      do {
        cells.append(fitted(try ImageFile.load(set.url(index)), side: side))
      } catch {
        skipped(.init(file: set.names[index], reason: "\(error)"))
      }
    }
    guard !cells.isEmpty else {
      throw DataSetError.noData(path: set.folder.path, reason: "no picture in it can be read")
    }
    return ImageGrid.make(cells, columns: columns, padding: 2)
  }

  /// The whole picture in the middle of a white square.
  private static func fitted(_ image: Image, side: Int) -> Image {
    let long = max(image.width, image.height)
    func scaled(_ length: Int) -> Int { max(1, length * side / long) }
    let small = image.converted(toChannels: 3).resized(
      width: scaled(image.width), height: scaled(image.height), filter: long > side ? .area : .lanczos3)
    let white = Image(
      width: side, height: side, channels: 3, pixels: [UInt8](repeating: 255, count: side * side * 3))
    return small.composited(over: white, atX: (side - small.width) / 2, y: (side - small.height) / 2)
  }
}
