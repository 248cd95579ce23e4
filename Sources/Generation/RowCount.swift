import Synchronization

/// Counts the rows a denoising network is called with while some work is done.
package final class RowCount: Sendable {
  @TaskLocal static var current: RowCount?
  private let rows = Mutex(0)

  func add(_ count: Int) { rows.withLock { $0 += count } }

  /// The rows of all calls that `work` makes.
  package static func during<R>(_ work: () throws -> R) rethrows -> (result: R, rows: Int) {
    let count = RowCount()
    let result = try $current.withValue(count) { try work() }
    return (result, count.rows.withLock { $0 })
  }
}
