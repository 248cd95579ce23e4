import Synchronization

/// How many rows each call of a network had.
final class CallLog: Sendable {
  private let log = Mutex<[Int]>([])

  var rows: [Int] { log.withLock { $0 } }
  func add(_ count: Int) { log.withLock { $0.append(count) } }
}
