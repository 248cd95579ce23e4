import Testing
import Training

@Suite struct MixedOrderTests {
  private let chosen = Array(stride(from: 0, to: 50, by: 5))
  private var others: [Int] { (0..<50).filter { $0 % 5 != 0 } }

  private func order() -> MixedOrder {
    MixedOrder(chosen: chosen, others: others, share: 0.7, batches: 40, size: 8, seed: 3)
  }

  @Test func theFirstPartHasItsShareAndTheRestAllAlike() {
    var order = order()
    let first = (0..<40).flatMap { order.batch($0) }
    #expect(first.count == 320 && first.filter { chosen.contains($0.index) }.count == 224)
    let batch = order.batch(7)
    #expect(batch.count == 8 && (5...6).contains(batch.filter { chosen.contains($0.index) }.count))
    // An epoch of 50 examples in batches of 8.
    let later = (40..<90).flatMap { order.batch($0) }
    for index in 0..<50 { #expect(later.filter { $0.index == index }.count == 8) }
  }

  /// An example in an epoch has its noise: never twice the same.
  @Test func noDrawComesTwice() {
    var order = order()
    let draws = (0..<120).flatMap { order.batch($0) }.map { "\($0.index) \($0.epoch)" }
    #expect(Set(draws).count == draws.count)
  }

  @Test func aBatchIsAFunctionOfItsNumber() {
    var (one, other) = (order(), order())
    let all = (0..<60).map { one.batch($0) }
    for number in [59, 3, 41, 39, 40, 0] { #expect(other.batch(number) == all[number]) }
  }
}
