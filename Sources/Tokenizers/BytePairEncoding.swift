/// Joins neighbouring tokens of a word, earliest merge first, until no merge applies.
///
/// Source: Sennrich et al. 2016, "Neural machine translation of rare words with subword units".
/// Complexity: O(n log n) for a word of n tokens, so that a hostile prompt cannot stall it.
package struct BytePairEncoding: Sendable {
  /// What a pair of neighbours becomes.
  private struct Merge {
    var rank: Int32
    var result: Int32
  }

  // An open-addressed hash table; a free place has the key no pair of ids can have.
  private var keys: [UInt64]
  private var merges: [Merge]
  private let shift: UInt64
  private static let free = UInt64.max

  /// An engine without merges.
  /// - Parameter capacity: how many merges will be added at most.
  package init(capacity: Int) {
    var bits = 4
    while 1 << bits < 2 * capacity { bits += 1 }
    keys = [UInt64](repeating: Self.free, count: 1 << bits)
    merges = [Merge](repeating: Merge(rank: 0, result: 0), count: 1 << bits)
    shift = UInt64(64 - bits)
  }

  /// Adds a merge; those of lower rank go first.
  /// - Returns: false if the pair has a merge already.
  package mutating func add(_ left: Int32, _ right: Int32, rank: Int, result: Int32) -> Bool {
    let key = Self.key(left, right)
    let place = place(of: key)
    guard keys[place] == Self.free else { return false }
    keys[place] = key
    merges[place] = Merge(rank: Int32(rank), result: result)
    return true
  }

  /// The tokens of a word that starts out as the given ones.
  package func encode(_ word: [Int32]) -> [Int32] {
    guard word.count > 1 else { return word }
    // A list linked by position; a token swallowed by its left neighbour becomes -1.
    var tokens = word
    var next = Array(1...word.count)
    var previous = Array(-1..<(word.count - 1))
    var queue = BinaryHeap<UInt64>()
    // Rank above position: the lowest rank goes first, and of its places the leftmost.
    func enqueue(_ position: Int) {
      let right = next[position]
      if right < tokens.count, let merge = merge(tokens[position], tokens[right]) {
        queue.push(UInt64(merge.rank) << 32 | UInt64(position))
      }
    }
    for position in 0..<(word.count - 1) { enqueue(position) }
    while let candidate = queue.pop() {
      let position = Int(candidate & 0xffff_ffff)
      let right = next[position]
      // Stale unless both neighbours are still those that were queued.
      guard tokens[position] >= 0, right < tokens.count,
        let merge = merge(tokens[position], tokens[right]),
        UInt64(merge.rank) == candidate >> 32
      else { continue }
      tokens[position] = merge.result
      tokens[right] = -1
      next[position] = next[right]
      if next[right] < tokens.count { previous[next[right]] = position }
      enqueue(position)
      if previous[position] >= 0 { enqueue(previous[position]) }
    }
    return tokens.filter { $0 >= 0 }
  }

  private func merge(_ left: Int32, _ right: Int32) -> Merge? {
    let key = Self.key(left, right)
    let place = place(of: key)
    return keys[place] == key ? merges[place] : nil
  }

  private static func key(_ left: Int32, _ right: Int32) -> UInt64 {
    UInt64(UInt32(bitPattern: left)) << 32 | UInt64(UInt32(bitPattern: right))
  }

  /// Where the key is, or the free place where it belongs.
  private func place(of key: UInt64) -> Int {
    var place = Int((key &* 0x9e37_79b9_7f4a_7c15) >> shift)
    while keys[place] != key && keys[place] != Self.free { place = (place + 1) & (keys.count - 1) }
    return place
  }
}
