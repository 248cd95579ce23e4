import Images

/// How a picture comes to another size.
public enum ResizeMode: String, Sendable, CaseIterable {
  /// Stretched to it.
  case resize
  /// Scaled to cover it; what sticks out is cut off on both sides.
  case crop
  /// Scaled to fit into it; its edges are drawn out to fill the rest.
  case fill
  /// Kept as it is in the middle of a larger canvas; what is new is repainted.
  case outpaint

  /// - Parameter filter: Lanczos for pictures, nearest for masks.
  func apply(_ image: Image, width: Int, height: Int, filter: ResizeFilter = .lanczos3) -> Image {
    if image.width == width && image.height == height { return image }
    let (sx, sy) = (Double(width) / Double(image.width), Double(height) / Double(image.height))
    func scaled(by factor: Double) -> (width: Int, height: Int) {
      (
        max(1, Int((Double(image.width) * factor).rounded())),
        max(1, Int((Double(image.height) * factor).rounded()))
      )
    }
    switch self {
    case .resize, .outpaint: return image.resized(width: width, height: height, filter: filter)
    case .crop:
      let size = scaled(by: max(sx, sy))
      let (w, h) = (max(size.width, width), max(size.height, height))
      return image.resized(width: w, height: h, filter: filter)
        .cropped(x: (w - width) / 2, y: (h - height) / 2, width: width, height: height)
    case .fill:
      let size = scaled(by: min(sx, sy))
      let (w, h) = (min(size.width, width), min(size.height, height))
      let (left, top) = ((width - w) / 2, (height - h) / 2)
      return image.resized(width: w, height: h, filter: filter)
        .extended(left: left, top: top, right: width - w - left, bottom: height - h - top)
    }
  }
}

extension Image {
  /// Grown on each side by repeating its outermost pixels.
  func extended(left: Int, top: Int, right: Int, bottom: Int) -> Image {
    if left + top + right + bottom == 0 { return self }
    let (newWidth, newHeight) = (width + left + right, height + top + bottom)
    var out: [UInt8] = []
    out.reserveCapacity(newWidth * newHeight * channels)
    for y in 0..<newHeight {
      let row = min(max(y - top, 0), height - 1) * width
      for x in 0..<newWidth {
        let at = (row + min(max(x - left, 0), width - 1)) * channels
        for c in 0..<channels { out.append(pixels[at + c]) }
      }
    }
    return Image(width: newWidth, height: newHeight, channels: channels, pixels: out)
  }
}
