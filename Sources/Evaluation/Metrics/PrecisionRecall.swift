import TensorCore

/// How much of what is generated looks real, and how much of what is real is generated (Kynkäänniemi et al. 2019, alg. 1):
/// the share of one set's pictures that lie within the distance of some picture of the other to its k-th neighbour.
public enum PrecisionRecall {
  /// For each generated picture 1 if it lies among the real ones, else 0; for each real one the converse.
  /// - Parameters:
  ///   - generated: features `[n, d]`.
  ///   - real: features `[m, d]`.
  ///   - neighbours: k; both sets must be larger.
  public static func inside(
    generated: DoubleMatrix, real: DoubleMatrix, neighbours: Int = 3
  ) -> (precision: [Double], recall: [Double]) {
    precondition(min(generated.rows, real.rows) > neighbours, "fewer than \(neighbours + 1) pictures")
    return (
      covered(generated, by: real, neighbours: neighbours), covered(real, by: generated, neighbours: neighbours)
    )
  }

  /// Rows of which squared distances are in memory at one time.
  private static let band = 512

  private static func covered(_ points: DoubleMatrix, by set: DoubleMatrix, neighbours: Int) -> [Double] {
    let radii = radii(set, neighbours: neighbours)
    var result: [Double] = []
    forEachBand(points, set) { distances, count in
      for row in 0..<count {
        let isInside = radii.indices.contains { distances[row * radii.count + $0] <= radii[$0] }
        result.append(isInside ? 1 : 0)
      }
    }
    return result
  }

  /// The squared distance of each row to its k-th neighbour.
  private static func radii(_ set: DoubleMatrix, neighbours: Int) -> [Double] {
    var radii: [Double] = []
    forEachBand(set, set) { distances, count in
      for row in 0..<count {
        // The nearest is the row itself.
        var least = Array(repeating: Double.infinity, count: neighbours + 1)
        for column in 0..<set.rows {
          let distance = distances[row * set.rows + column]
          guard distance < least[neighbours] else { continue }
          var place = neighbours
          while place > 0, least[place - 1] > distance {
            least[place] = least[place - 1]
            place -= 1
          }
          least[place] = distance
        }
        radii.append(least[neighbours])
      }
    }
    return radii
  }

  /// Calls `body` with squared distances between some rows of a and all of b, row by row.
  private static func forEachBand(
    _ a: DoubleMatrix, _ b: DoubleMatrix, _ body: (_ distances: [Double], _ rows: Int) -> Void
  ) {
    let (left, right) = (a.rowSquares, b.rowSquares)
    for start in stride(from: 0, to: a.rows, by: band) {
      let places = Array(start..<min(start + band, a.rows))
      var distances = DoubleMatrix.product(a.rows(places), b, transposeB: true).values
      for (row, place) in places.enumerated() {
        for column in 0..<b.rows {
          let at = row * b.rows + column
          distances[at] = max(left[place] + right[column] - 2 * distances[at], 0)
        }
      }
      body(distances, places.count)
    }
  }
}
