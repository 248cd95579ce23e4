import Testing
import Tokenizers

@Suite struct BytePairEncodingTests {
  /// Merges by search over the whole word, one at a time: slow and plain.
  private func reference(_ word: [Int32], _ merges: [(Int32, Int32, Int32)]) -> [Int32] {
    var word = word
    while true {
      let first = merges.first { merge in
        zip(word, word.dropFirst()).contains { $0 == merge.0 && $1 == merge.1 }
      }
      guard let (left, right, result) = first,
        let index = word.indices.dropLast().first(where: {
          word[$0] == left && word[$0 + 1] == right
        })
      else { return word }
      word.replaceSubrange(index...(index + 1), with: [result])
    }
  }

  @Test func joinsByRankThenFromTheLeft() {
    var engine = BytePairEncoding(capacity: 3)
    let added = [
      engine.add(1, 2, rank: 1, result: 3), engine.add(2, 1, rank: 0, result: 4),
      engine.add(1, 1, rank: 2, result: 5), engine.add(1, 2, rank: 3, result: 6),
    ]
    // The last repeats a pair.
    #expect(added == [true, true, true, false])
    #expect(engine.encode([1, 2, 1, 2]) == [1, 4, 2])
    #expect(engine.encode([1, 1, 1]) == [5, 1])
    #expect(engine.encode([7]) == [7])
    #expect(engine.encode([]) == [])
  }

  @Test(arguments: 0..<40) func agreesWithPlainSearch(_ seed: Int) {
    var state = UInt64(seed) &* 0x9e37_79b9_7f4a_7c15 &+ 1
    func random(_ bound: Int) -> Int {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Int(state >> 33) % bound
    }
    var merges: [(Int32, Int32, Int32)] = []
    var engine = BytePairEncoding(capacity: 20)
    for result in Int32(4)..<24 {
      let (left, right) = (Int32(random(Int(result))), Int32(random(Int(result))))
      if engine.add(left, right, rank: merges.count, result: result) {
        merges.append((left, right, result))
      }
    }
    for _ in 0..<20 {
      let word = (0..<random(40)).map { _ in Int32(random(4)) }
      #expect(engine.encode(word) == reference(word, merges))
    }
  }
}
