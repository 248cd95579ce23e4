import Glibc
import Synchronization

/// Marks an owner of memory whose pages may be given back to the system at any time, because they come back unchanged
/// when they are read again: a file mapped read-only.
public protocol DiscardableMemory: Sendable {}

/// The memory behind tensors: a buffer of their device, or part of a mapped file kept alive by its owner.
///
/// Invariant that makes the unchecked conformance sound: the bytes are written only by the kernel that creates
/// the tensor, or by an optimiser that is the sole user at that time (`Tensor.mutateInPlace`); afterwards they are only read.
public final class Storage: @unchecked Sendable {
  /// Names the memory to its device.
  package let handle: UInt
  public let byteCount: Int
  public let device: Device
  private let address: UnsafeMutableRawPointer?
  private let owner: (any Sendable)?
  private let isOwned: Bool
  private let cache = Mutex(DerivedCache())

  private struct DerivedCache {
    var version = 0
    var entries: [DerivedKey: (version: Int, storage: Storage)] = [:]

    /// The current form of that kind, if there is one.
    func form(_ kind: DerivedKey.Kind, offset: Int) -> (key: DerivedKey, storage: Storage)? {
      let found = entries.first { key, entry in
        key.kind == kind && key.offset == offset && entry.version == version
      }
      return found.map { ($0.key, $0.value.storage) }
    }
  }

  /// Names a form of the data that a backend keeps beside it, such as weights repacked for one kernel.
  struct DerivedKey: Hashable {
    /// What the form is for: a layer, a layer in 8 bits, the gradient of a layer's input; or what it is.
    enum Kind: Hashable {
      case forward, int8, backward, float32
      case columns([Int])
    }
    var kind: Kind
    var layout: UInt64
    var offset: Int
    /// The number of an operation that reads the form; it decides nothing.
    var operation: UInt64 = 0

    static func == (a: Self, b: Self) -> Bool { (a.kind, a.layout, a.offset) == (b.kind, b.layout, b.offset) }

    func hash(into hasher: inout Hasher) {
      hasher.combine(kind)
      hasher.combine(layout)
      hasher.combine(offset)
    }
  }

  /// Allocates uninitialised memory.
  init(byteCount: Int, device: Device) {
    handle = device.memory.allocate(byteCount)
    address = device.memory.isHost ? UnsafeMutableRawPointer(bitPattern: handle) : nil
    self.byteCount = byteCount
    self.device = device
    owner = nil
    isOwned = true
  }

  /// Wraps memory that `owner` keeps alive, such as a mapped file.
  private init(mapped pointer: UnsafeRawPointer, byteCount: Int, owner: any Sendable, device: Device) {
    address = UnsafeMutableRawPointer(mutating: pointer)
    handle = UInt(bitPattern: pointer)
    self.byteCount = byteCount
    self.device = device
    self.owner = owner
    isOwned = false
  }

  /// A mapped file's part where the device reads the processor's memory, a copy of it elsewhere.
  static func mapped(_ pointer: UnsafeRawPointer, byteCount: Int, owner: any Sendable, device: Device) -> Storage {
    if device.memory.isHost { return Storage(mapped: pointer, byteCount: byteCount, owner: owner, device: device) }
    let storage = Storage(byteCount: byteCount, device: device)
    withExtendedLifetime(owner) {
      device.memory.upload(UnsafeRawBufferPointer(start: pointer, count: byteCount), to: storage.handle, offset: 0)
    }
    return storage
  }

  deinit {
    if isOwned { device.memory.deallocate(handle, byteCount) }
  }

  /// First byte. Only kernels that compute in the processor's memory dereference it.
  package var pointer: UnsafeMutableRawPointer {
    guard let address else {
      fatalError("the processor cannot read the memory of device \(device.name) by address: download the tensor")
    }
    return address
  }

  /// Whether the bytes may be overwritten (mapped files may not).
  package var isWritable: Bool { isOwned }

  /// Returns the derived form for `key`, made by `fill` when it is missing or older than the data, and kept as long as
  /// `lifetime` says.
  /// - Parameter fill: fills the memory; may make it of the form of the forward pass, where there is a current one.
  func derived(
    _ key: DerivedKey, byteCount: Int, lifetime: DerivedForms.Lifetime = DerivedForms.lifetime,
    fill: (UnsafeMutableRawPointer, _ forward: (key: DerivedKey, storage: Storage)?) -> Void
  ) -> Storage {
    let (version, known, forward) = cache.withLock { cache in
      (
        cache.version, cache.entries[key],
        key.kind == .backward ? cache.form(.forward, offset: key.offset) : nil
      )
    }
    if let known, known.version == version, known.storage.byteCount == byteCount { return known.storage }
    let reusable = known.flatMap { $0.storage.byteCount == byteCount ? $0.storage : nil }
    let storage = reusable ?? Storage(byteCount: byteCount, device: device)
    fill(storage.pointer, forward)
    discardPages()
    switch lifetime {
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
    let first = (Int(bitPattern: handle) + page - 1) / page * page
    let end = (Int(bitPattern: handle) + byteCount) / page * page
    guard end > first, let start = UnsafeMutableRawPointer(bitPattern: first) else { return }
    // Advice: if the system does not take it, nothing is lost.
    _ = madvise(start, end - first, MADV_DONTNEED)
  }

  /// Marks every derived form as out of date, after the data changed in place.
  package func invalidateDerived() { cache.withLock { $0.version += 1 } }
}
