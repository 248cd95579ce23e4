import Foundation
import Images

/// How much two pictures of one size are alike, pixel by pixel and in structure.
public enum PictureSimilarity {
  /// The peak signal-to-noise ratio in dB, over all samples: `10 log₁₀(255² / mean squared error)`; infinite for equal
  /// pictures.
  public static func psnr(_ a: Image, _ b: Image) -> Double {
    requireAlike(a, b)
    let sum = zip(a.pixels, b.pixels).reduce(0.0) { total, pair in
      let difference = Double(pair.0) - Double(pair.1)
      return total + difference * difference
    }
    return 10 * log10(255 * 255 * Double(a.pixels.count) / sum)
  }

  /// Structural similarity (Wang et al. 2004, eq. 13): mean over all places of an 11×11 window of normal weights with
  /// deviation 1.5, and over channels; 1 for equal pictures.
  ///
  /// Both sides must be at least 11 pixels.
  public static func ssim(_ a: Image, _ b: Image) -> Double {
    requireAlike(a, b)
    precondition(min(a.width, a.height) >= size, "ssim: \(a.width)×\(a.height) is smaller than the window")
    var total = 0.0
    for channel in 0..<a.channels {
      func plane(_ image: Image) -> [Double] {
        stride(from: channel, to: image.pixels.count, by: image.channels).map { Double(image.pixels[$0]) }
      }
      total += ssim(plane(a), plane(b), width: a.width, height: a.height)
    }
    return total / Double(a.channels)
  }

  private static let size = 11
  private static let window: [Double] = {
    let weights = (0..<size).map { exp(-pow(Double($0 - size / 2), 2) / (2 * 1.5 * 1.5)) }
    let sum = weights.reduce(0, +)
    return weights.map { $0 / sum }
  }()

  private static func ssim(_ x: [Double], _ y: [Double], width: Int, height: Int) -> Double {
    func mean(_ values: [Double]) -> [Double] { smoothed(values, width: width, height: height) }
    let (mx, my) = (mean(x), mean(y))
    func products(_ a: [Double], _ b: [Double]) -> [Double] { a.indices.map { a[$0] * b[$0] } }
    let (xx, yy, xy) = (mean(products(x, x)), mean(products(y, y)), mean(products(x, y)))
    let (c1, c2) = (2.55 * 2.55, 7.65 * 7.65)
    let sum = mx.indices.reduce(0.0) { total, i in
      let covariance = xy[i] - mx[i] * my[i]
      let variances = xx[i] - mx[i] * mx[i] + yy[i] - my[i] * my[i]
      let above = (2 * mx[i] * my[i] + c1) * (2 * covariance + c2)
      return total + above / ((mx[i] * mx[i] + my[i] * my[i] + c1) * (variances + c2))
    }
    return sum / Double(mx.count)
  }

  /// Weighted means of all windows that lie inside.
  private static func smoothed(_ values: [Double], width: Int, height: Int) -> [Double] {
    let (columns, rows) = (width - size + 1, height - size + 1)
    var narrow = [Double](repeating: 0, count: columns * height)
    for y in 0..<height {
      for x in 0..<columns {
        narrow[y * columns + x] = (0..<size).reduce(0) { $0 + window[$1] * values[y * width + x + $1] }
      }
    }
    var result = [Double](repeating: 0, count: columns * rows)
    for y in 0..<rows {
      for x in 0..<columns {
        result[y * columns + x] = (0..<size).reduce(0) { $0 + window[$1] * narrow[(y + $1) * columns + x] }
      }
    }
    return result
  }

  private static func requireAlike(_ a: Image, _ b: Image) {
    precondition(
      a.width == b.width && a.height == b.height && a.channels == b.channels,
      "pictures of \(a.width)×\(a.height)×\(a.channels) and \(b.width)×\(b.height)×\(b.channels)")
  }
}
