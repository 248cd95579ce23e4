import Evaluation
import Images

/// Rows of pictures with words above each.
enum CaptionedRows {
  struct Row {
    let images: [Image]
    let caption: String
  }

  private static let (band, letter) = (20, 12)
  private static let ink = SIMD3<Float>(60, 60, 60)

  /// Makes one picture.
  /// - Parameter scale: how many times pictures are enlarged, pixels repeated.
  static func make(_ rows: [Row], scale: Int) -> Image {
    let cells = rows.map { row -> [Image] in
      let grid = ImageGrid.make(
        row.images.map { $0.resized(width: $0.width * scale, height: $0.height * scale, filter: .nearest) },
        columns: row.images.count, padding: 2)
      var canvas = ChartCanvas(width: max(grid.width, letter * row.caption.count + 4), height: band)
      canvas.text(row.caption, at: 2, y: Float(band) / 2, ink)
      return [canvas.image(), grid]
    }
    return stacked(cells.flatMap { $0 })
  }

  /// One below the other.
  private static func stacked(_ images: [Image]) -> Image {
    let width = images.reduce(0) { max($0, $1.width) }
    let height = images.reduce(0) { $0 + $1.height }
    var sheet = Image(
      width: width, height: height, channels: 3, pixels: [UInt8](repeating: 255, count: width * height * 3))
    var top = 0
    for image in images {
      sheet = image.converted(toChannels: 3).composited(over: sheet, atX: 0, y: top)
      top += image.height
    }
    return sheet
  }
}
