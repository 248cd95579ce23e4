import Foundation
import Training

/// Threads of this process as processes that share a run: sums in the order of their numbers, whoever comes first.
final class ThreadProcesses: @unchecked Sendable {
  private let condition = NSCondition()
  private let size: Int
  /// Calls that not everybody has finished, by their number.
  private var calls: [Int: (given: [Int: [Double]], taken: Int)] = [:]

  init(_ size: Int) { self.size = size }

  /// What every process gave to a call, once all have; nil if another process failed.
  fileprivate func exchange(_ call: Int, _ rank: Int, _ values: [Double]) -> [[Double]] {
    condition.lock()
    defer { condition.unlock() }
    calls[call, default: ([:], 0)].given[rank] = values
    condition.broadcast()
    while (calls[call]?.given.count ?? size) < size { condition.wait() }
    let given = calls[call]?.given ?? [:]
    calls[call]?.taken += 1
    if calls[call]?.taken == size { calls[call] = nil }
    return (0..<size).map { given[$0] ?? [] }
  }

  /// Runs `work` in each process and waits for all.
  func run(_ work: @escaping @Sendable (any Communicator) -> Void) {
    let group = DispatchGroup()
    for rank in 0..<size {
      group.enter()
      let thread = Thread {
        work(Member(world: self, size: self.size, rank: rank))
        group.leave()
      }
      thread.stackSize = 8 << 20
      thread.start()
    }
    group.wait()
  }

  private final class Member: Communicator, @unchecked Sendable {
    let world: ThreadProcesses
    let size, rank: Int
    private var calls = 0
    /// Numbers handed in.
    var count = 0

    init(world: ThreadProcesses, size: Int, rank: Int) { (self.world, self.size, self.rank) = (world, size, rank) }

    private func exchange(_ values: [Double]) -> [[Double]] {
      defer { calls += 1 }
      return world.exchange(calls, rank, values)
    }

    func sum(_ numbers: inout [Double]) {
      let all = exchange(numbers)
      for i in numbers.indices { numbers[i] = all.reduce(0) { $0 + $1[i] } }
    }

    func startSum(_ values: [Float], for root: Int) -> any PendingSum {
      let all = exchange(values.map(Double.init))
      guard root == rank else { return Sum(values: []) }
      return Sum(values: values.indices.map { i in all.reduce(0 as Float) { $0 + Float($1[i]) } })
    }

    func broadcast(_ values: inout [Float], from root: Int) {
      values = exchange(values.map(Double.init))[root].map { Float($0) }
    }
  }

  private struct Sum: PendingSum {
    let values: [Float]
    func wait() -> [Float] { values }
  }
}
