import Foundation

/// How samples are weighted when a picture changes size.
public enum ResizeFilter: String, CaseIterable, Sendable {
  /// Mean of the pixels whose centres fall under the new pixel (Pillow's BOX).
  case area
  /// Windowed sinc over six pixels: sharpest, slight ringing.
  case lanczos3
  /// Linear interpolation.
  case bilinear
  /// Cubic convolution with a = −½.
  case bicubic
  /// The nearest pixel, unweighted: for masks and pixel art.
  case nearest

  /// Half the kernel's width in source pixels, when not shrinking.
  var radius: Double {
    switch self {
    case .area, .nearest: 0.5
    case .bilinear: 1
    case .bicubic: 2
    case .lanczos3: 3
    }
  }

  /// The kernel at a distance from its centre, in source pixels when not shrinking; not normalised.
  func weight(_ distance: Double) -> Double {
    let x = abs(distance)
    switch self {
    case .area, .nearest:
      // Half open, so that a centre on the border of two new pixels counts once.
      return distance > -0.5 && distance <= 0.5 ? 1 : 0
    case .bilinear:
      return max(0, 1 - x)
    case .bicubic:
      // Keys 1981, "Cubic convolution interpolation for digital image processing".
      if x < 1 { return (1.5 * x - 2.5) * x * x + 1 }
      return x < 2 ? ((-0.5 * x + 2.5) * x - 4) * x + 2 : 0
    case .lanczos3:
      if x == 0 { return 1 }
      if x >= 3 { return 0 }
      let t = Double.pi * x
      return 3 * sin(t) * sin(t / 3) / (t * t)
    }
  }
}

extension ResizeFilter {
  /// The linear map of `old` pixels to `new` ones along one axis, a row for each new pixel: `[new, old]`.
  public func matrix(from old: Int, to new: Int) -> [Float] {
    let windows = ResampleWindows(from: old, to: new, filter: self)
    var matrix = [Float](repeating: 0, count: new * old)
    for row in 0..<new {
      for tap in 0..<windows.counts[row] {
        matrix[row * old + windows.starts[row] + tap] = windows.weights[row * windows.taps + tap]
      }
    }
    return matrix
  }
}

/// For each new pixel along one axis, the run of old ones it is made of and their weights, summing
/// to 1.
struct ResampleWindows {
  private(set) var starts: [Int] = []
  private(set) var counts: [Int] = []
  /// Stands `taps` apart for consecutive new pixels.
  private(set) var weights: [Float]
  let taps: Int

  /// - Parameters:
  ///   - old: pixels now.
  ///   - new: pixels wanted. When fewer, the kernel is stretched so that none is skipped.
  init(from old: Int, to new: Int, filter: ResizeFilter) {
    let scale = Double(old) / Double(new)
    let stretch = filter == .nearest ? 1 : max(scale, 1)
    let radius = filter.radius * stretch
    taps = Int(radius.rounded(.up)) * 2 + 1
    weights = [Float](repeating: 0, count: new * taps)
    starts.reserveCapacity(new)
    counts.reserveCapacity(new)
    for index in 0..<new {
      let center = (Double(index) + 0.5) * scale
      guard filter != .nearest else {
        starts.append(min(Int(center), old - 1))
        counts.append(1)
        weights[index * taps] = 1
        continue
      }
      // Pixel k has its centre at k + ½.
      let start = max(0, Int(center - radius + 0.5))
      let end = max(start + 1, min(old, Int(center + radius + 0.5)))
      let run = (start..<end).map { filter.weight((Double($0) + 0.5 - center) / stretch) }
      let sum = run.reduce(0, +)
      for (tap, weight) in run.enumerated() {
        weights[index * taps + tap] = Float(sum != 0 ? weight / sum : 1 / Double(run.count))
      }
      starts.append(start)
      counts.append(run.count)
    }
  }
}
