/// Rows of pictures with a number under each.
public enum LabelledRows {
  /// Makes one RGB picture.
  /// - Parameters:
  ///   - rows: pictures of one size, and what stands under them: digits, points, percent signs and spaces.
  ///   - scale: how many times the pictures are enlarged, pixels repeated.
  public static func make(_ rows: [(images: [Image], label: String)], scale: Int) -> Image {
    precondition(scale > 0 && rows.allSatisfy { !$0.images.isEmpty }, "LabelledRows.make: no pictures")
    let bands = rows.map { row -> Image in
      let grid = ImageGrid.make(row.images.map { enlarged($0, scale) }, columns: row.images.count, padding: 2)
      return withLabel(row.label, under: grid)
    }
    return ImageGrid.make(bands, columns: 1, padding: 2)
  }

  private static func enlarged(_ image: Image, _ scale: Int) -> Image {
    let (width, height, channels) = (image.width * scale, image.height * scale, image.channels)
    var pixels: [UInt8] = []
    pixels.reserveCapacity(width * height * channels)
    for y in 0..<height {
      for x in 0..<width {
        let from = (y / scale * image.width + x / scale) * channels
        pixels += image.pixels[from..<(from + channels)]
      }
    }
    return Image(width: width, height: height, channels: channels, pixels: pixels)
  }

  /// Three by five pixels each, a row of three bits a digit.
  private static let glyphs: [Character: [UInt8]] = [
    "0": [7, 5, 5, 5, 7], "1": [2, 6, 2, 2, 7], "2": [7, 1, 7, 4, 7], "3": [7, 1, 7, 1, 7], "4": [5, 5, 7, 1, 1],
    "5": [7, 4, 7, 1, 7], "6": [7, 4, 7, 5, 7], "7": [7, 1, 2, 2, 2], "8": [7, 5, 7, 5, 7], "9": [7, 5, 7, 1, 7],
    ".": [0, 0, 0, 0, 2], "%": [5, 1, 2, 4, 5],
  ]
  private static let (dot, margin) = (2, 3)

  /// A picture with black text on white below.
  private static func withLabel(_ text: String, under image: Image) -> Image {
    let band = 5 * dot + 2 * margin
    let white = [UInt8](repeating: 255, count: image.width * band * 3)
    var all = Image(
      width: image.width, height: image.height + band, channels: 3,
      pixels: image.converted(toChannels: 3).pixels + white)
    for (place, letter) in text.enumerated() {
      for (row, bits) in (glyphs[letter] ?? []).enumerated() {
        for column in 0..<3 where bits & (4 >> column) != 0 {
          for pixel in 0..<(dot * dot) {
            let x = margin + (4 * place + column) * dot + pixel % dot
            let y = image.height + margin + row * dot + pixel / dot
            guard x < all.width else { continue }
            for channel in 0..<3 { all.pixels[(y * all.width + x) * 3 + channel] = 0 }
          }
        }
      }
    }
    return all
  }
}
