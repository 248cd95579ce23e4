/// Lays pictures out in rows and columns on white.
public enum ImageGrid {
  /// Makes one RGB picture of several, in reading order.
  ///
  /// Cells have the size of the largest picture; smaller ones stand at the top left of theirs.
  /// - Parameters:
  ///   - images: at least one; transparent parts become white.
  ///   - columns: pictures per row, ≥ 1; no more are made than there are pictures.
  ///   - padding: white pixels between pictures and around them.
  public static func make(_ images: [Image], columns: Int, padding: Int = 0) -> Image {
    precondition(!images.isEmpty, "ImageGrid.make: no pictures")
    precondition(
      columns > 0 && padding >= 0, "ImageGrid.make: \(columns) columns, padding \(padding)")
    let columns = min(columns, images.count)
    let rows = (images.count + columns - 1) / columns
    let cellWidth = images.reduce(0) { max($0, $1.width) } + padding
    let cellHeight = images.reduce(0) { max($0, $1.height) } + padding
    let (width, height) = (columns * cellWidth + padding, rows * cellHeight + padding)
    var grid = Image(
      width: width, height: height, channels: 3,
      pixels: [UInt8](repeating: 255, count: width * height * 3))
    for (index, image) in images.enumerated() {
      let (row, column) = index.quotientAndRemainder(dividingBy: columns)
      let picture = image.converted(toChannels: 3)
      for y in 0..<picture.height {
        let to = ((padding + row * cellHeight + y) * width + padding + column * cellWidth) * 3
        let from = y * picture.width * 3
        grid.pixels.replaceSubrange(
          to..<(to + picture.width * 3), with: picture.pixels[from..<(from + picture.width * 3)])
      }
    }
    return grid
  }
}
