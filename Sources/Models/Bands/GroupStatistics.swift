import NN
import TensorCore

/// Means and deviations of channel groups over a whole image, gathered band by band (Chan et al. 1979, eq. 2.1).
struct GroupStatistics {
  private let groups: Int
  private var count = 0.0
  private var means: [Double]
  /// Sums of squared distances from the means.
  private var squares: [Double]

  init(groups: Int) {
    self.groups = groups
    means = [Double](repeating: 0, count: groups)
    squares = means
  }

  /// Adds rows `[1, h, W, C]`.
  mutating func add(_ rows: Tensor) {
    let channels = rows.shape[3]
    let each = channels / groups
    let x = rows.cast(to: .f32)
    let size = Double(x.count / groups)
    let sums = x.sum(axes: [0, 1, 2]).floats()
    let bandMeans = (0..<groups).map { group in
      sums[(group * each)..<((group + 1) * each)].reduce(0.0) { $0 + Double($1) } / size
    }
    let center = Tensor((0..<channels).map { Float(bandMeans[$0 / each]) }, shape: [channels], device: x.device)
    let distances = (x - center).squared.sum(axes: [0, 1, 2]).floats()
    let total = count + size
    for group in 0..<groups {
      let own = distances[(group * each)..<((group + 1) * each)].reduce(0.0) { $0 + Double($1) }
      let delta = bandMeans[group] - means[group]
      squares[group] += own + delta * delta * count * size / total
      means[group] += delta * size / total
    }
    count = total
  }

  /// The normalisation as one factor and one shift for each channel, `[C]`.
  func affine(_ norm: GroupNorm) -> (factor: Tensor, shift: Tensor) {
    let (gamma, beta) = (norm.weight.value.floats(), norm.bias.value.floats())
    let each = gamma.count / groups
    let factors = gamma.indices.map { channel in
      let variance = squares[channel / each] / count
      return Double(gamma[channel]) / (variance + Double(norm.epsilon)).squareRoot()
    }
    let shifts = beta.indices.map { Double(beta[$0]) - means[$0 / each] * factors[$0] }
    return (
      Tensor(factors.map(Float.init), shape: [gamma.count], device: norm.weight.value.device),
      Tensor(shifts.map(Float.init), shape: [gamma.count], device: norm.weight.value.device)
    )
  }
}

extension Tensor {
  /// `SiLU(factor · x + shift)` for each channel, in the type of x.
  func normalized(_ affine: (factor: Tensor, shift: Tensor)) -> Tensor {
    (cast(to: .f32) * affine.factor + affine.shift).silu.cast(to: dtype)
  }
}
