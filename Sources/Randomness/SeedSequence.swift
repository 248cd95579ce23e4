/// Independent seeds from one number and a place among those who ask: numpy's `SeedSequence`.
///
/// Source: O'Neill 2015, "Developing a seed_seq Alternative"; numpy, numpy/random/bit_generator.pyx.
struct SeedSequence: Sendable, Equatable {
  private let pool: [UInt32]

  /// - Parameters:
  ///   - entropy: the number.
  ///   - spawnKey: the place; none is another place than zeros.
  ///   - poolSize: words the entropy is mixed into, at least one.
  init(entropy: UInt64, spawnKey: [UInt64] = [], poolSize: Int = 4) {
    var words = Self.words(of: entropy)
    if !spawnKey.isEmpty {
      // So that a place can never be taken for the upper words of a large number.
      words += Array(repeating: 0, count: max(0, poolSize - words.count))
      words += spawnKey.flatMap(Self.words)
    }
    var hash = Hash(constant: 0x43b0_d7e5, multiplier: 0x931e_8875)
    var pool = (0..<poolSize).map { hash($0 < words.count ? words[$0] : 0) }
    for source in 0..<poolSize {
      for target in 0..<poolSize where target != source {
        pool[target] = Self.mix(pool[target], hash(pool[source]))
      }
    }
    for word in words.dropFirst(poolSize) {
      for target in 0..<poolSize { pool[target] = Self.mix(pool[target], hash(word)) }
    }
    self.pool = pool
  }

  /// The first words of the sequence, numpy's `generate_state(count)`.
  func words(_ count: Int) -> [UInt32] {
    var hash = Hash(constant: 0x8b51_f9dd, multiplier: 0x58f3_8ded)
    return (0..<count).map { hash(pool[$0 % pool.count]) }
  }

  /// A number's 32-bit words, lowest first; at least one.
  private static func words(of number: UInt64) -> [UInt32] {
    let (low, high) = (UInt32(truncatingIfNeeded: number), UInt32(number >> 32))
    return high == 0 ? [low] : [low, high]
  }

  private static func mix(_ a: UInt32, _ b: UInt32) -> UInt32 {
    let mixed = a &* 0xca01_f9dd &- b &* 0x4973_f715
    return mixed ^ (mixed >> 16)
  }

  /// A hash whose constant moves on with every word.
  private struct Hash {
    var constant: UInt32
    let multiplier: UInt32

    mutating func callAsFunction(_ word: UInt32) -> UInt32 {
      let start = word ^ constant
      constant &*= multiplier
      let product = start &* constant
      return product ^ (product >> 16)
    }
  }
}
