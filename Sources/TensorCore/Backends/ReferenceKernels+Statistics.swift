import Foundation

// Figures of whole tensors, losses and resampling.
extension ReferenceKernels {
  func sumsOfSquares(_ tensors: [Tensor]) -> [Double] {
    tensors.map { $0.values.reduce(0) { $0 + Double($1) * Double($1) } }
  }

  func totals(_ x: Tensor) -> (sum: Double, magnitude: Double) {
    let values = x.values.map { Double($0) }
    return (values.reduce(0, +), values.reduce(0) { $0 + abs($1) })
  }

  /// By counting: the value with as many below it as the share says, between it and its successor.
  func magnitudeQuantile(_ x: Tensor, _ share: Double) -> Float {
    let sizes = x.values.map(\.magnitude)
    let rank = max(0, min(1, share)) * Double(sizes.count - 1)
    func at(_ place: Int) -> Double {
      let found = sizes.first { size in
        let below = sizes.count { $0 < size }
        return below <= place && place < below + sizes.count { $0 == size }
      }
      return Double(found ?? .nan)
    }
    let (low, high) = (at(Int(rank.rounded(.down))), at(Int(rank.rounded(.up))))
    return Float(low + (high - low) * (rank - rank.rounded(.down)))
  }

  func crossEntropy(_ x: Tensor, _ targets: Tensor) -> (value: Tensor, gradient: Tensor) {
    let (rows, width) = (x.shape[0], x.shape[1])
    let (v, t) = (x.values.map { Double($0) }, targets.values.map { Double($0) })
    var (total, slope) = (0.0, [Float]())
    for row in 0..<rows {
      let logits = Array(v[row * width..<(row + 1) * width])
      let largest = logits.max() ?? 0
      let sum = logits.reduce(0) { $0 + exp($1 - largest) }
      let wanted = Array(t[row * width..<(row + 1) * width])
      let mass = wanted.reduce(0, +)
      for (logit, target) in zip(logits, wanted) {
        total -= target * (logit - largest - log(sum))
        slope.append(Float((exp(logit - largest) / sum * mass - target) / Double(rows)))
      }
    }
    return (x.holding([Float(total / Double(max(rows, 1)))], shape: []), x.holding(slope))
  }

  /// A weighted sum over all old pixels, whose weights are those of a tent around the new pixel's centre.
  func resizeBilinear(_ x: Tensor, height: Int, width: Int) -> Tensor {
    let (s, v) = (x.shape, x.values)
    func weights(_ new: Int, _ old: Int, _ size: Int) -> [Double] {
      let centre = min(max((Double(new) + 0.5) * Double(old) / Double(size) - 0.5, 0), Double(old - 1))
      return (0..<old).map { max(0, 1 - abs(Double($0) - centre)) }
    }
    var out: [Float] = []
    for b in 0..<s[0] {
      for y in 0..<height {
        let down = weights(y, s[1], height)
        for across in (0..<width).map({ weights($0, s[2], width) }) {
          for c in 0..<s[3] {
            var sum = 0.0
            for i in 0..<s[1] where down[i] > 0 {
              for j in 0..<s[2] where across[j] > 0 {
                sum += down[i] * across[j] * Double(v[((b * s[1] + i) * s[2] + j) * s[3] + c])
              }
            }
            out.append(Float(sum))
          }
        }
      }
    }
    return x.holding(out, shape: [s[0], height, width, s[3]])
  }
}
