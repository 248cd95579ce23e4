import Foundation

/// A path of Brownian motion that a seed alone decides: whatever stretches of it are asked for, in whatever order, they
/// fit together.
///
/// The path over the whole interval is drawn first; halves of intervals are drawn given their whole, each from a
/// generator of its own, down to steps of 10⁻⁶. Values equal torchsde's `BrownianTree` where the source's equal torch's.
/// Source: Li et al. 2020, "Scalable Gradients for Stochastic Differential Equations", §4 (the virtual Brownian tree);
/// torchsde, torchsde/_brownian/brownian_interval.py (`halfway_tree`, `tol` 10⁻⁶, `pool_size` 24).
public struct BrownianTree<Source: RandomNumberSource>: Sendable {
  /// An interval of the tree with its place in it.
  private struct Node: Hashable {
    let start, end: Double
    /// Number from the left among the intervals of its depth.
    let index: UInt64
    let depth: UInt64
  }

  private static var poolSize: Int { 24 }

  private let entropy: UInt64
  private let root: Node
  /// What the path gains over the whole interval.
  private let whole: [Float]
  /// Gains of the left halves that the last stretch asked for went through. The next one usually begins where it ended,
  /// and goes half of the same way.
  private var drawn: [Node: [Float]] = [:]

  /// Starts the path over `start ... end`.
  /// - Parameters:
  ///   - end: above `start`.
  ///   - entropy: the seed.
  ///   - count: values side by side, each on a path of its own.
  public init(from start: Double, to end: Double, entropy: UInt64, count: Int) {
    precondition(start < end, "a path from \(start) to \(end)")
    self.entropy = entropy
    root = Node(start: Self.rounded(start), end: Self.rounded(end), index: 0, depth: 0)
    let seed = SeedSequence(entropy: entropy, poolSize: Self.poolSize).words(1)[0]
    let deviation = Float((end - start).squareRoot())
    whole = Self.normals(seed, count).map { $0 * deviation }
  }

  /// What the path gains from `a` to `b`, `a ≤ b`: normal of variance `b − a`. Parts outside the interval count nothing.
  public mutating func increment(from a: Double, to b: Double) -> [Float] {
    precondition(a <= b, "an increment from \(a) to \(b)")
    func place(_ time: Double) -> Double { Self.rounded(min(max(time, root.start), root.end)) }
    var sum = [Float](repeating: 0, count: whole.count)
    guard place(a) < place(b) else { return sum }
    let known = drawn
    drawn = [:]
    add(place(a), place(b), of: root, gaining: whole, knowing: known, to: &sum)
    return sum
  }

  /// Adds what the path gains from `a` to `b`, both within the node, whose gain is known.
  private mutating func add(
    _ a: Double, _ b: Double, of node: Node, gaining gain: [Float], knowing known: [Node: [Float]],
    to sum: inout [Float]
  ) {
    let middle = Self.rounded(0.5 * (node.end + node.start))
    // A node of one step has no middle; then it is all that can be asked for.
    if (a == node.start && b == node.end) || middle == node.start || middle == node.end {
      for index in sum.indices { sum[index] += gain[index] }
      return
    }
    let left = known[node] ?? leftHalf(of: node, at: middle, gaining: gain)
    drawn[node] = left
    let depth = node.depth + 1
    if a < middle {
      let child = Node(start: node.start, end: middle, index: 2 * node.index, depth: depth)
      add(a, min(b, middle), of: child, gaining: left, knowing: known, to: &sum)
    }
    if b > middle {
      let child = Node(start: middle, end: node.end, index: 2 * node.index + 1, depth: depth)
      let right = zip(gain, left).map { $0 - $1 }
      add(max(a, middle), b, of: child, gaining: right, knowing: known, to: &sum)
    }
  }

  /// The gain of a node's left half: normal around its share of the whole. The right half gains the rest.
  private func leftHalf(of node: Node, at middle: Double, gaining gain: [Float]) -> [Float] {
    let seed = SeedSequence(entropy: entropy, spawnKey: [node.index, node.depth], poolSize: Self.poolSize).words(1)[0]
    let (before, after, whole) = (middle - node.start, node.end - middle, 1 / (node.end - node.start))
    let (share, scale) = (Float(before), Float(whole))
    let deviation = Float((before * after * whole).squareRoot())
    var left = Self.normals(seed, gain.count)
    for index in gain.indices { left[index] = share * gain[index] * scale + deviation * left[index] }
    return left
  }

  private static func normals(_ seed: UInt32, _ count: Int) -> [Float] {
    var source = Source(seed: UInt64(seed))
    return source.normals(count)
  }

  /// To six decimals, as Python rounds: to the nearest by the exact value, which no multiplication gives.
  private static func rounded(_ time: Double) -> Double {
    Double(String(format: "%.6f", time)) ?? time
  }
}
