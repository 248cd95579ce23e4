/// Random numbers of one scene: SplitMix64, so that a seed gives the same scene everywhere.
///
/// Source: Steele, Lea and Flood, "Fast splittable pseudorandom number generators", 2014.
struct SceneRandom {
  private var state: UInt64

  /// Starts stream `stream` of `seed`; streams of one seed are independent.
  init(seed: UInt64, stream: UInt64) {
    state = Self.mix(seed &+ Self.mix(stream &+ 0x9E37_79B9_7F4A_7C15))
  }

  static func mix(_ value: UInt64) -> UInt64 {
    var z = value
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }

  /// Returns the next 64 random bits.
  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    return Self.mix(state)
  }

  /// Returns a number in 0 ..< 1.
  mutating func unit() -> Float { Float(next() >> 40) * 0x1p-24 }

  /// Returns a number of `range`.
  mutating func number(_ range: ClosedRange<Float>) -> Float {
    range.lowerBound + (range.upperBound - range.lowerBound) * unit()
  }

  /// Returns an index below `count`.
  mutating func index(_ count: Int) -> Int {
    precondition(count > 0, "SceneRandom.index: nothing to choose from")
    return min(count - 1, Int(unit() * Float(count)))
  }

  /// Returns true with probability `p`.
  mutating func chance(_ p: Float) -> Bool { unit() < p }

  /// Returns one element of a list that is not empty.
  mutating func choice<T>(_ list: [T]) -> T { list[index(list.count)] }

  /// Returns an index with probability in proportion to its weight; `weights` sum to more than 0.
  mutating func weighted(_ weights: [Float]) -> Int {
    var left = unit() * weights.reduce(0, +)
    for (index, weight) in weights.enumerated() where weight > 0 {
      left -= weight
      if left < 0 { return index }
    }
    return weights.lastIndex { $0 > 0 } ?? 0
  }
}
