import Foundation
import TensorCore

/// How sure a classifier is of each picture, and how many classes all of them have (Salimans et al. 2016, §4):
/// `exp(mean KL(p(y|x) ‖ p(y)))`, from 1 to the number of classes. With Inception's classes it is the inception score.
public enum InceptionScore {
  /// The score.
  /// - Parameter logits: `[n, classes]`.
  public static func score(_ logits: DoubleMatrix) -> Double { Terms(logits).score(Array(0..<logits.rows)) }

  /// The mean score of `splits` parts, one after the other, as it is usually reported: 10 parts.
  public static func score(_ logits: DoubleMatrix, splits: Int) -> Double {
    let terms = Terms(logits)
    let parts = (0..<splits).map { Array(($0 * logits.rows / splits)..<(($0 + 1) * logits.rows / splits)) }
    return parts.reduce(0) { $0 + terms.score($1) } / Double(splits)
  }

  /// The score of all pictures with an interval: the groups are left out one after the other.
  public static func estimate(_ logits: DoubleMatrix, _ resampling: Resampling) -> Estimate {
    let terms = Terms(logits)
    let groups = resampling.dealt(logits.rows)
    let parts = groups.indices.map { left in
      terms.score(groups.indices.filter { $0 != left }.flatMap { groups[$0] })
    }
    return Resampling.jackknife(terms.score(Array(0..<logits.rows)), leavingOut: parts)
  }

  /// What each picture adds.
  private struct Terms {
    let probabilities: DoubleMatrix
    /// `Σ p log p` of each picture.
    let negentropies: [Double]

    init(_ logits: DoubleMatrix) {
      var probabilities = logits
      let width = logits.columns
      negentropies = (0..<logits.rows).map { row in
        let range = (row * width)..<((row + 1) * width)
        let values = logits.values[range]
        let top = values.max() ?? 0
        let total = top + log(values.reduce(0) { $0 + exp($1 - top) })
        var sum = 0.0
        for at in range {
          let logProbability = logits.values[at] - total
          probabilities.values[at] = exp(logProbability)
          sum += probabilities.values[at] * logProbability
        }
        return sum
      }
      self.probabilities = probabilities
    }

    func score(_ places: [Int]) -> Double {
      guard !places.isEmpty else { return .nan }
      var mean = Array(repeating: 0.0, count: probabilities.columns)
      for place in places {
        for (column, value) in probabilities.row(place).enumerated() { mean[column] += value }
      }
      let count = Double(places.count)
      let marginal = mean.reduce(0) { $1 > 0 ? $0 + $1 / count * log($1 / count) : $0 }
      return exp(places.reduce(0) { $0 + negentropies[$1] } / count - marginal)
    }
  }
}
