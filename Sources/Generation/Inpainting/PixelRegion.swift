import Images

/// A rectangle of pixels.
public struct PixelRegion: Sendable, Equatable {
  public var x, y, width, height: Int

  public init(x: Int, y: Int, width: Int, height: Int) {
    (self.x, self.y, self.width, self.height) = (x, y, width, height)
  }

  /// Grown by `margin` on every side, within a picture of the given size.
  func padded(by margin: Int, within size: (width: Int, height: Int)) -> PixelRegion {
    let (left, top) = (max(x - margin, 0), max(y - margin, 0))
    let (right, bottom) = (min(x + width + margin, size.width), min(y + height + margin, size.height))
    return PixelRegion(x: left, y: top, width: right - left, height: bottom - top)
  }

  /// Grown to the shape `aspect` = width / height as far as the picture allows, moved inward where it would stick out.
  func expanded(toAspect aspect: Double, within size: (width: Int, height: Int)) -> PixelRegion {
    var region = self
    if Double(width) > aspect * Double(height) {
      let wanted = min(Int((Double(width) / aspect).rounded()), size.height)
      region.height = max(wanted, height)
      region.y = min(max(y - (region.height - height) / 2, 0), size.height - region.height)
    } else {
      let wanted = min(Int((Double(height) * aspect).rounded()), size.width)
      region.width = max(wanted, width)
      region.x = min(max(x - (region.width - width) / 2, 0), size.width - region.width)
    }
    return region
  }
}

extension Image {
  func cropped(_ region: PixelRegion) -> Image {
    cropped(x: region.x, y: region.y, width: region.width, height: region.height)
  }
}
