import Foundation

/// Times layers of the shapes that decide a model's speed.
public enum KernelBenchmark {
  /// One kind of layer at one size.
  public enum Layer: Sendable {
    case convolution(batch: Int, side: Int, inputs: Int, outputs: Int)
    case linear(rows: Int, inputs: Int, outputs: Int)
    case attention(batch: Int, heads: Int, queries: Int, keys: Int, width: Int)

    public var name: String {
      switch self {
      case .convolution(let b, let s, let i, let o): "conv3x3 \(b)x\(s)x\(s) \(i)->\(o)"
      case .linear(let m, let k, let n): "linear \(m) \(k)->\(n)"
      case .attention(let b, let h, let q, let k, let d): "attention \(b)x\(h) \(q)x\(k) d\(d)"
      }
    }

    /// The side of the picture in its own pixels, or the number of rows or queries.
    public var size: Int {
      switch self {
      case .convolution(_, let side, _, _): side
      case .linear(let rows, _, _): rows
      case .attention(_, _, let queries, _, _): queries
      }
    }

    /// Rows of the call; 1 for linear layers, which know none.
    public var batch: Int {
      switch self {
      case .convolution(let batch, _, _, _), .attention(let batch, _, _, _, _): batch
      case .linear: 1
      }
    }

    /// Multiplications and additions of a forward pass.
    public var operations: Double {
      switch self {
      case .convolution(let b, let s, let i, let o): 18 * Double(b * s * s) * Double(i * o)
      case .linear(let m, let k, let n): 2 * Double(m) * Double(k * n)
      case .attention(let b, let h, let q, let k, let d): 4 * Double(b * h * d) * Double(q * k)
      }
    }
  }

  /// Best times of one layer, in seconds. Backward includes every gradient.
  public struct Figure: Sendable {
    public let layer: Layer
    public let dtype: DType
    public let forward, backward: Double
    /// The matrix library alone on a product with the same operations and no more bytes: the ceiling.
    public let ceiling: Double
  }

  /// Times one layer; the first run of each kind is not counted.
  public static func time(_ layer: Layer, _ dtype: DType, runs: Int) -> Figure {
    func zeros(_ shape: [Int]) -> Tensor { Tensor(repeating: 0.01, shape: shape, dtype: dtype) }
    func weights(_ shape: [Int]) -> Variable { Variable(Tensor(repeating: 0.01, shape: shape)) }
    let forward: () -> Tensor
    switch layer {
    case .convolution(let b, let s, let i, let o):
      let (x, w) = (Variable(zeros([b, s, s, i])), weights([o, i, 3, 3]))
      forward = { x.value.conv2d(w.value, padding: Padding(1)) }
    case .linear(let m, let k, let n):
      let (x, w) = (Variable(zeros([m, k])), weights([n, k]))
      forward = { x.value.linear(w.value) }
    case .attention(let b, let h, let q, let k, let d):
      let query = Variable(zeros([b, q, h * d]))
      let (keys, values) = (Variable(zeros([b, k, h * d])), Variable(zeros([b, k, h * d])))
      forward = { Tensor.attention(query.value, keys.value, values.value, heads: h) }
    }
    let plain = best(runs) { _ = forward() }
    var backward = Double.infinity
    for _ in 0...runs {
      let tape = Tape()
      let y = Tape.$current.withValue(tape) { forward() }
      let seed = Tensor(repeating: 0.01, shape: y.shape, dtype: dtype)
      backward = min(backward, best(0) { _ = tape.backward(from: y, seed: seed) })
    }
    return Figure(
      layer: layer, dtype: dtype, forward: plain, backward: backward,
      ceiling: ceiling(layer.operations, dtype, runs: runs))
  }

  /// The matrix library's time for these many operations, from a product whose operands stay in cache.
  private static func ceiling(_ operations: Double, _ dtype: DType, runs: Int) -> Double {
    let side = 1024
    let x = Tensor(repeating: 0.01, shape: [side, side], dtype: dtype)
    let w = Tensor(repeating: 0.01, shape: [side, side])
    let seconds = best(max(runs, 3)) { _ = x.linear(w) }
    return seconds * operations / (2 * Double(side * side) * Double(side))
  }

  private static func best(_ runs: Int, _ body: () -> Void) -> Double {
    var seconds = Double.infinity
    for run in 0...runs {
      let started = DispatchTime.now().uptimeNanoseconds
      body()
      let spent = Double(DispatchTime.now().uptimeNanoseconds - started) * 1e-9
      if run > 0 || runs == 0 { seconds = min(seconds, spent) }
    }
    return seconds
  }
}
