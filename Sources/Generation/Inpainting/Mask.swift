import Foundation
import Images
import TensorCore

/// Where a picture may change: 255 repaint, 0 keep, between them a mixture of both.
public struct Mask: Sendable, Equatable {
  /// One channel.
  public let image: Image
  public var width: Int { image.width }
  public var height: Int { image.height }

  /// A mask picture: white repaints. Transparent parts count as black.
  public init(_ picture: Image) {
    image = picture.composited(over: (0, 0, 0)).converted(toChannels: 1)
  }

  /// - Parameter values: row-major, 255 = repaint.
  package init(width: Int, height: Int, values: [UInt8]) {
    image = Image(width: width, height: height, channels: 1, pixels: values)
  }

  /// All of a picture.
  public init(everythingIn picture: Image) {
    self.init(width: picture.width, height: picture.height, filledWith: 255)
  }

  /// Everything, or nothing.
  init(width: Int, height: Int, filledWith value: UInt8) {
    self.init(width: width, height: height, values: [UInt8](repeating: value, count: width * height))
  }

  /// The transparent parts of a picture; nil if it has none.
  public init?(transparencyOf picture: Image) {
    guard picture.channels == 4 else { return nil }
    let values = stride(from: 3, to: picture.pixels.count, by: 4).map { 255 - picture.pixels[$0] }
    guard values.contains(where: { $0 > 0 }) else { return nil }
    self.init(width: picture.width, height: picture.height, values: values)
  }

  /// Whether nothing may change.
  public var isEmpty: Bool { image.pixels.allSatisfy { $0 == 0 } }

  /// The smallest rectangle around everything that may change; nil if nothing may.
  package var region: PixelRegion? {
    let rows = (0..<height).filter { y in
      image.pixels[(y * width)..<((y + 1) * width)].contains { $0 > 0 }
    }
    guard let top = rows.first, let bottom = rows.last else { return nil }
    var (left, right) = (width, -1)
    for y in top...bottom {
      let row = image.pixels[(y * width)..<((y + 1) * width)]
      if let first = row.firstIndex(where: { $0 > 0 }) { left = min(left, first - row.startIndex) }
      if let last = row.lastIndex(where: { $0 > 0 }) { right = max(right, last - row.startIndex) }
    }
    return PixelRegion(x: left, y: top, width: right - left + 1, height: bottom - top + 1)
  }

  /// Softened by a Gaussian of deviation σ pixels, cut off 2.5 σ away; the border mirrors (AUTOMATIC1111's mask blur).
  public func blurred(sigma: Double) -> Mask {
    guard sigma > 0 else { return self }
    let radius = Int(2.5 * sigma + 0.5)
    guard radius > 0 else { return self }
    let raw = (-radius...radius).map { exp(-Double($0 * $0) / (2 * sigma * sigma)) }
    let total = raw.reduce(0, +)
    let kernel = raw.map { Float($0 / total) }
    let across = Self.convolved(image.pixels.map(Float.init), width, height, kernel, alongRows: true)
    let down = Self.convolved(across, width, height, kernel, alongRows: false)
    return Mask(
      width: width, height: height,
      values: down.map { UInt8(min(max($0, 0), 255).rounded(.toNearestOrEven)) })
  }

  /// Twice the values: what was softened half outside an edge is now softened outside only.
  var doubled: Mask {
    Mask(width: width, height: height, values: image.pixels.map { $0 < 128 ? $0 * 2 : 255 })
  }

  private static func convolved(
    _ values: [Float], _ width: Int, _ height: Int, _ kernel: [Float], alongRows: Bool
  ) -> [Float] {
    let radius = kernel.count / 2
    let (length, step) = alongRows ? (width, 1) : (height, width)
    /// Mirrors at the outermost pixel, which is not repeated.
    func mirrored(_ index: Int) -> Int {
      guard length > 1 else { return 0 }
      let period = 2 * (length - 1)
      let folded = ((index % period) + period) % period
      return folded < length ? folded : period - folded
    }
    let sources = (-radius..<(length + radius)).map { mirrored($0) * step }
    return [Float](unsafeUninitializedCapacity: values.count) { out, initialized in
      for line in 0..<(alongRows ? height : width) {
        let base = alongRows ? line * width : line
        for position in 0..<length {
          var sum: Float = 0
          for (tap, weight) in kernel.enumerated() { sum += weight * values[base + sources[position + tap]] }
          out[base + position * step] = sum
        }
      }
      initialized = values.count
    }
  }

  /// Whether each pixel is repainted by the network, which knows no mixtures: at least half.
  package func isRepainted(_ index: Int) -> Bool { image.pixels[index] >= 128 }

  /// 1 where the picture is kept, 0 where it is repainted, `[1, H, W, 1]`: a picture times this is what an inpainting network
  /// is shown.
  package var kept: Tensor {
    Tensor(shape: [1, height, width, 1]) { out in
      for index in 0..<(width * height) { out[index] = isRepainted(index) ? 0 : 1 }
    }
  }

  /// An edge, where what was drawn is uploaded: the mask on the grid of latents, `[1, h, w, 1]`, 1 = repaint: the pixel at the top left of each cell decides, as in
  /// diffusers.
  package func latents(downscale: Int) -> Tensor {
    let (h, w) = (height / downscale, width / downscale)
    return Tensor(shape: [1, h, w, 1]) { out in
      for y in 0..<h {
        for x in 0..<w { out[y * w + x] = isRepainted(y * downscale * width + x * downscale) ? 1 : 0 }
      }
    }
  }
}
