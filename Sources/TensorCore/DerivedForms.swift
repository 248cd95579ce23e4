import Synchronization

/// How long weights repacked for a kernel stay in memory beside the original. A network that runs once in a while need not
/// hold them while others work.
public enum DerivedForms {
  enum Lifetime: Sendable {
    /// As long as the original: the next call finds them.
    case storage
    /// Until the end of a scope.
    case scope(Scope)
    /// While a layer computes.
    case call
  }

  /// What is to be dropped at the end of a scope.
  final class Scope: Sendable {
    private let drops = Mutex<[@Sendable () -> Void]>([])

    func add(_ drop: @escaping @Sendable () -> Void) { drops.withLock { $0.append(drop) } }

    func end() { for drop in drops.withLock({ $0 }) { drop() } }
  }

  @TaskLocal static var lifetime = Lifetime.storage

  /// Whether what is repacked for gradients of inputs is dropped after each layer, while the forms of the forward pass stay:
  /// half the memory of frozen weights for moving them once more at every step.
  @TaskLocal static var dropsGradientForms = false

  /// Drops after `work` what it repacked: for networks that are called a few times in a row.
  /// - Parameter isOn: false leaves everything as it was.
  public static func untilEnd<R>(_ isOn: Bool = true, _ work: () throws -> R) rethrows -> R {
    guard isOn else { return try work() }
    let scope = Scope()
    defer { scope.end() }
    return try $lifetime.withValue(.scope(scope), operation: work)
  }

  /// Drops after each layer what was repacked for it, and gives back buffers instead of keeping them for the next
  /// layer: for networks that are called once, each of whose layers is larger than the one before.
  /// - Parameter isOn: false leaves everything as it was.
  public static func whileComputing<R>(_ isOn: Bool = true, _ work: () throws -> R) rethrows -> R {
    guard isOn else { return try work() }
    return try MemoryPool.$thrifty.withValue(true) { try $lifetime.withValue(.call, operation: work) }
  }
}
