/// Naive products in 8 bits, as the kernels define them.
enum Int8Oracle {
  /// A row as integers and a scale: the largest magnitude becomes 127, the rest goes to the nearest.
  static func quantized(_ row: [Float]) -> (integers: [Int], scale: Float) {
    let largest = row.map { abs($0) }.max() ?? 0
    let inverse = largest > 0 ? 127 / largest : 0
    return (row.map { Int(($0 * inverse).rounded(.toNearestOrEven)) }, largest / 127)
  }

  /// `x [m, k]` times `w [n, k]` transposed.
  static func linear(_ l: Linear, _ x: [Float], _ w: [Float]) -> [Double] {
    let rows = (0..<l.m).map { quantized(Array(x[$0 * l.k..<($0 + 1) * l.k])) }
    let columns = (0..<l.n).map { quantized(Array(w[$0 * l.k..<($0 + 1) * l.k])) }
    return rows.flatMap { row in
      columns.map { column in
        let sum = zip(row.integers, column.integers).reduce(0) { $0 + $1.0 * $1.1 }
        return Double(sum) * Double(row.scale) * Double(column.scale)
      }
    }
  }

  /// Winograd's F(2×2, 3×3): a product of matrices, each quantised by itself, for each of the 16 points.
  static func convolution(_ c: Convolution, _ x: [Float], _ w: [Float]) -> [Double] {
    let (rows, columns) = ((c.outHeight + 1) / 2, (c.outWidth + 1) / 2)
    let tiles = c.batch * rows * columns
    // [point][tile][channel] and [point][output][channel].
    var inputs = Array(repeating: Array(repeating: Float(0), count: tiles * c.channels), count: 16)
    for tile in 0..<tiles {
      let (b, r, s) = (tile / (rows * columns), tile / columns % rows, tile % columns)
      for channel in 0..<c.channels {
        let d = (0..<16).map { at -> Float in
          let (h, v) = (2 * r - 1 + at / 4, 2 * s - 1 + at % 4)
          guard h >= 0, h < c.height, v >= 0, v < c.width else { return 0 }
          return x[((b * c.height + h) * c.width + v) * c.channels + channel]
        }
        let columnwise = (0..<4).map { j in apply((0..<4).map { d[4 * $0 + j] }) }
        for i in 0..<4 {
          for (j, value) in apply((0..<4).map { columnwise[$0][i] }).enumerated() {
            inputs[4 * i + j][tile * c.channels + channel] = value
          }
        }
      }
    }
    var weights = Array(repeating: Array(repeating: Float(0), count: c.outputs * c.channels), count: 16)
    for pair in 0..<c.outputs * c.channels {
      let g = Array(w[9 * pair..<9 * pair + 9])
      let columnwise = (0..<3).map { spread(g[$0], g[3 + $0], g[6 + $0]) }
      for i in 0..<4 {
        let row = spread(columnwise[0][i], columnwise[1][i], columnwise[2][i])
        for j in 0..<4 { weights[4 * i + j][pair] = row[j] }
      }
    }
    let shape = Linear(tiles, c.outputs, c.channels)
    let products = (0..<16).map { linear(shape, inputs[$0], weights[$0]) }
    var y = Array(repeating: 0.0, count: c.outputCount)
    for tile in 0..<tiles {
      let (b, r, s) = (tile / (rows * columns), tile / columns % rows, tile % columns)
      for o in 0..<c.outputs {
        let m = products.map { $0[tile * c.outputs + o] }
        let columnwise = (0..<4).map { j in gather((0..<4).map { m[4 * $0 + j] }) }
        for i in 0..<2 {
          for (j, value) in gather((0..<4).map { columnwise[$0][i] }).enumerated() {
            let (h, v) = (2 * r + i, 2 * s + j)
            guard h < c.outHeight, v < c.outWidth else { continue }
            y[((b * c.outHeight + h) * c.outWidth + v) * c.outputs + o] = value
          }
        }
      }
    }
    return y
  }

  /// Bᵀ d
  private static func apply(_ d: [Float]) -> [Float] { [d[0] - d[2], d[1] + d[2], d[2] - d[1], d[1] - d[3]] }
  /// G g
  private static func spread(_ a: Float, _ b: Float, _ c: Float) -> [Float] {
    [a, 0.5 * (a + c) + 0.5 * b, 0.5 * (a + c) - 0.5 * b, c]
  }
  /// Aᵀ m
  private static func gather(_ m: [Double]) -> [Double] { [m[0] + m[1] + m[2], m[1] - m[2] - m[3]] }
}
