import Dispatch

/// Work that waits for disks or takes its time, on threads of its own: neither the threads of connections nor those that run
/// Swift's tasks are held up.
package enum Blocking {
  private static let queue = DispatchQueue(label: "imago.blocking", attributes: .concurrent)

  /// Runs work and gives back what it does.
  package static func run<Value: Sendable>(_ work: @escaping @Sendable () throws -> Value) async throws -> Value {
    try await withCheckedThrowingContinuation { continuation in
      queue.async { continuation.resume(with: Result { try work() }) }
    }
  }
}
