import Glibc
import Synchronization

/// Marks an owner of memory whose pages may be given back to the system at any time, because they come back unchanged
/// when they are read again: a file mapped read-only.
public protocol DiscardableMemory: Sendable {}

/// The memory behind tensors: a recycled buffer, or part of a mapped file kept alive by its owner.
///
/// Invariant that makes the unchecked conformance sound: the bytes are written only by the kernel that creates
/// the tensor, or by an optimiser that is the sole user at that time (`Tensor.mutateInPlace`); afterwards they are only read.
public final class Storage: @unchecked Sendable {
  /// First byte. Only kernels dereference it.
  let pointer: UnsafeMutableRawPointer
  public let byteCount: Int
  public let device: Device
  private let owner: (any Sendable)?
  private let isPooled: Bool
  private let cache = Mutex(DerivedCache())

  private struct DerivedCache {
    var version = 0
    var entries: [DerivedKey: (version: Int, storage: Storage)] = [:]
  }

  /// Names a form of the data that a backend keeps beside it, such as weights repacked for one kernel.
  struct DerivedKey: Hashable {
    var kind: String
    var layout: UInt64
    var offset: Int
  }

  /// Allocates uninitialised memory.
  init(byteCount: Int, device: Device) {
    pointer = MemoryPool.allocate(byteCount)
    self.byteCount = byteCount
    self.device = device
    owner = nil
    isPooled = true
  }

  /// Wraps memory that `owner` keeps alive, such as a mapped file.
  init(mapped pointer: UnsafeRawPointer, byteCount: Int, owner: any Sendable, device: Device) {
    self.pointer = UnsafeMutableRawPointer(mutating: pointer)
    self.byteCount = byteCount
    self.device = device
    self.owner = owner
    isPooled = false
  }

  deinit {
    if isPooled { MemoryPool.deallocate(pointer, byteCount) }
  }

  /// Whether the bytes may be overwritten (mapped files may not).
  var isWritable: Bool { isPooled }

  /// Returns the derived form for `key`, made by `fill` when it is missing or older than the data, and kept as long as
  /// `DerivedForms.lifetime` says.
  func derived(_ key: DerivedKey, byteCount: Int, fill: (UnsafeMutableRawPointer) -> Void) -> Storage {
    let (version, known) = cache.withLock { ($0.version, $0.entries[key]) }
    if let known, known.version == version, known.storage.byteCount == byteCount { return known.storage }
    let reusable = known.flatMap { $0.storage.byteCount == byteCount ? $0.storage : nil }
    let storage = reusable ?? Storage(byteCount: byteCount, device: device)
    fill(storage.pointer)
    discardPages()
    switch DerivedForms.lifetime {
    case .storage: cache.withLock { $0.entries[key] = (version, storage) }
    case .scope(let scope):
      cache.withLock { $0.entries[key] = (version, storage) }
      scope.add { [weak self] in self?.cache.withLock { $0.entries[key] = nil } }
    case .call: break
    }
    return storage
  }

  /// Gives a mapped file's pages back to the system, where only the derived form will be read from now on. A full-size
  /// model's weights would otherwise be in memory twice.
  private func discardPages() {
    guard owner is any DiscardableMemory else { return }
    let page = Int(getpagesize())
    let first = (Int(bitPattern: pointer) + page - 1) / page * page
    let end = (Int(bitPattern: pointer) + byteCount) / page * page
    guard end > first, let start = UnsafeMutableRawPointer(bitPattern: first) else { return }
    // Advice: if the system does not take it, nothing is lost.
    _ = madvise(start, end - first, MADV_DONTNEED)
  }

  /// Marks every derived form as out of date, after the data changed in place.
  func invalidateDerived() { cache.withLock { $0.version += 1 } }
}
