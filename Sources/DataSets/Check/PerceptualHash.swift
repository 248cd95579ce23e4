import Foundation
import Images

/// 64 bits that stay nearly the same when a picture is scaled, recompressed or a little brightened.
///
/// The signs, against their median, of the lowest 8 × 8 frequencies of the picture in grey at 32 × 32.
/// Source: Zauner, "Implementation and Benchmarking of Perceptual Image Hash Functions", 2010, section 3.2.1.
public struct PerceptualHash: Sendable, Hashable {
  /// Row by row, the lowest frequency in the highest bit.
  public let bits: UInt64

  private static let (side, kept) = (32, 8)
  /// `[kept, side]`: cos(π/side · (x + ½) · k).
  private static let cosines: [Double] = (0..<kept * side).map { index in
    let (k, x) = (Double(index / side), Double(index % side))
    return cos(.pi / Double(side) * (x + 0.5) * k)
  }

  public init(_ image: Image) {
    let (side, kept) = (Self.side, Self.kept)
    let grey = image.converted(toChannels: 1).resized(width: side, height: side, filter: .lanczos3)
    // Along the rows, then along the columns.
    var rows = [Double](repeating: 0, count: side * kept)
    for y in 0..<side {
      for k in 0..<kept {
        var sum = 0.0
        for x in 0..<side { sum += Double(grey.pixels[y * side + x]) * Self.cosines[k * side + x] }
        rows[y * kept + k] = sum
      }
    }
    var frequencies: [Double] = []
    for ky in 0..<kept {
      for kx in 0..<kept {
        var sum = 0.0
        for y in 0..<side { sum += rows[y * kept + kx] * Self.cosines[ky * side + y] }
        frequencies.append(sum)
      }
    }
    let sorted = frequencies.sorted()
    let median = (sorted[31] + sorted[32]) / 2
    bits = frequencies.reduce(0) { $0 << 1 | ($1 > median ? 1 : 0) }
  }

  /// Bits that differ, 0 to 64.
  public func distance(to other: PerceptualHash) -> Int { (bits ^ other.bits).nonzeroBitCount }
}
