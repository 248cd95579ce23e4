import Foundation

extension Image {
  /// Turns the picture counter-clockwise on a larger transparent canvas that holds all of it.
  ///
  /// Bilinear with colours weighted by alpha, edges smoothed over one pixel; quarter turns move
  /// pixels only.
  /// - Parameter degrees: any finite angle, counter-clockwise.
  /// - Returns: RGBA.
  public func rotated(degrees: Double) -> Image {
    precondition(degrees.isFinite, "rotated: angle \(degrees)")
    let picture = converted(toChannels: 4)
    let angle = degrees.truncatingRemainder(dividingBy: 360)
    switch angle < 0 ? angle + 360 : angle {
    case 0, 360: return picture
    case 90: return picture.oriented(8)
    case 180: return picture.oriented(3)
    case 270: return picture.oriented(6)
    default: return picture.resampledTurn(angle * .pi / 180)
    }
  }

  private func resampledTurn(_ angle: Double) -> Image {
    let (cosine, sine) = (cos(angle), sin(angle))
    let (w, h) = (Double(width), Double(height))
    // A hair less, or rounding errors would add an empty column.
    let newWidth = max(1, Int((w * abs(cosine) + h * abs(sine) - 1e-6).rounded(.up)))
    let newHeight = max(1, Int((w * abs(sine) + h * abs(cosine) - 1e-6).rounded(.up)))
    return pixels.withUnsafeBufferPointer { pixels in
      Image(width: newWidth, height: newHeight, channels: 4) { out in
        for y in 0..<newHeight {
          for x in 0..<newWidth {
            // From the new centre, turned back (y points down), to the old corner.
            let dx = Double(x) + 0.5 - Double(newWidth) / 2
            let dy = Double(y) + 0.5 - Double(newHeight) / 2
            let pixel = sample(
              pixels, x: Float(cosine * dx - sine * dy + w / 2 - 0.5),
              y: Float(sine * dx + cosine * dy + h / 2 - 0.5))
            let to = (y * newWidth + x) * 4
            for c in 0..<4 { out[to + c] = pixel[c] }
          }
        }
      }
    }
  }

  /// The picture at a place between pixel centres; outside it is transparent.
  private func sample(_ pixels: UnsafeBufferPointer<UInt8>, x: Float, y: Float) -> SIMD4<UInt8> {
    let (left, top) = (x.rounded(.down), y.rounded(.down))
    guard left >= -1, top >= -1, left < Float(width), top < Float(height) else { return .zero }
    var sum = SIMD4<Float>.zero
    for (row, weightY) in [(Int(top), 1 - (y - top)), (Int(top) + 1, y - top)]
    where row >= 0 && row < height {
      for (column, weightX) in [(Int(left), 1 - (x - left)), (Int(left) + 1, x - left)]
      where column >= 0 && column < width {
        let at = (row * width + column) * 4
        let weight = weightX * weightY * Float(pixels[at + 3])
        let colour = SIMD4(Float(pixels[at]), Float(pixels[at + 1]), Float(pixels[at + 2]), 1)
        sum += weight * colour
      }
    }
    guard sum.w >= 0.5 else { return .zero }
    // Sums of weights are 1 up to rounding, so only that has to be cut off.
    let straight = pointwiseMin(sum / sum.w, SIMD4(repeating: 255)) + 0.5
    return SIMD4(
      UInt8(straight.x), UInt8(straight.y), UInt8(straight.z), UInt8(min(sum.w, 255) + 0.5))
  }
}
