import Dispatch
import Synchronization
import TensorCore

/// Makes values on all threads.
enum ConcurrentReading {
  /// The value of each index, in order.
  /// - Throws: what the first index that cannot be read throws.
  static func map<Value: Sendable>(
    _ indices: [Int], _ read: @Sendable (Int) throws -> Value
  ) throws -> [Value] {
    let threads = Processor.threads
    let found = Mutex([Result<Value, any Error>?](repeating: nil, count: indices.count))
    DispatchQueue.concurrentPerform(iterations: threads) { thread in
      for at in stride(from: thread, to: indices.count, by: threads) {
        let result = Result<Value, any Error> { try read(indices[at]) }
        found.withLock { $0[at] = result }
      }
    }
    return try found.withLock { $0 }.map { result in
      guard let result else { preconditionFailure("an index was not read") }
      return try result.get()
    }
  }
}
