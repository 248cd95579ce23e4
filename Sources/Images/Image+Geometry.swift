extension Image {
  /// Cuts out a rectangle, which must lie inside the picture.
  public func cropped(x: Int, y: Int, width: Int, height: Int) -> Image {
    precondition(
      x >= 0 && y >= 0 && width > 0 && height > 0 && width <= self.width - x
        && height <= self.height - y,
      "cropped: \(width)×\(height) at (\(x), \(y)) of \(self.width)×\(self.height)")
    var out: [UInt8] = []
    out.reserveCapacity(width * height * channels)
    for row in y..<(y + height) {
      let start = (row * self.width + x) * channels
      out += pixels[start..<(start + width * channels)]
    }
    return Image(width: width, height: height, channels: channels, pixels: out)
  }

  /// Cuts out the largest square in the middle; an odd rest goes to the right and below.
  public func centerCroppedSquare() -> Image {
    let side = min(width, height)
    if width == height { return self }
    return cropped(x: (width - side) / 2, y: (height - side) / 2, width: side, height: side)
  }

  /// Mirrors left and right.
  public func flippedHorizontally() -> Image {
    remapped(width: width, height: height) { x, y in (width - 1 - x, y) }
  }

  /// Undoes a camera's position, numbered 1 to 8 as in EXIF (TIFF 6.0, tag 274).
  func oriented(_ orientation: Int) -> Image {
    let (right, bottom) = (width - 1, height - 1)
    switch orientation {
    case 2: return flippedHorizontally()
    case 3: return remapped(width: width, height: height) { x, y in (right - x, bottom - y) }
    case 4: return remapped(width: width, height: height) { x, y in (x, bottom - y) }
    case 5: return remapped(width: height, height: width) { x, y in (y, x) }
    case 6: return remapped(width: height, height: width) { x, y in (y, bottom - x) }
    case 7: return remapped(width: height, height: width) { x, y in (right - y, bottom - x) }
    case 8: return remapped(width: height, height: width) { x, y in (right - y, x) }
    default: return self
    }
  }

  /// Moves pixels: the new one at (x, y) is the old one at `source(x, y)`.
  @inline(__always)
  func remapped(
    width: Int, height: Int, from source: (_ x: Int, _ y: Int) -> (x: Int, y: Int)
  ) -> Image {
    pixels.withUnsafeBufferPointer { pixels in
      Image(width: width, height: height, channels: channels) { out in
        var to = 0
        for y in 0..<height {
          for x in 0..<width {
            let old = source(x, y)
            let from = (old.y * self.width + old.x) * channels
            for c in 0..<channels { out[to + c] = pixels[from + c] }
            to += channels
          }
        }
      }
    }
  }
}
