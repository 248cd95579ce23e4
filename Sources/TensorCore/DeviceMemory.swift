/// Where a device keeps the bytes of tensors. Allocation, transfer and synchronisation are the device's own: nothing else knows what a
/// handle is.
public protocol DeviceMemory: Sendable {
  /// Whether the processor reads and writes it by address. Handles are then addresses.
  var isHost: Bool { get }

  /// A handle of at least `byteCount` bytes with undefined contents.
  func allocate(_ byteCount: Int) -> UInt
  /// Gives back what `allocate(byteCount)` returned. Kernels that were given the memory before may still run.
  func deallocate(_ handle: UInt, _ byteCount: Int)

  /// Copies bytes of the host to `offset` bytes behind the beginning of a handle's memory; the host's may change afterwards.
  func upload(_ bytes: UnsafeRawBufferPointer, to handle: UInt, offset: Int)
  /// Copies bytes to the host, all of what kernels were given before being done.
  func download(_ handle: UInt, offset: Int, into bytes: UnsafeMutableRawBufferPointer)
  /// Waits until all that kernels were given is done.
  func synchronize()
}

/// The processor's own memory: the pool of recycled buffers. Kernels are done when they return.
struct HostMemory: DeviceMemory {
  var isHost: Bool { true }

  func allocate(_ byteCount: Int) -> UInt { UInt(bitPattern: MemoryPool.allocate(byteCount)) }

  func deallocate(_ handle: UInt, _ byteCount: Int) {
    if let pointer = UnsafeMutableRawPointer(bitPattern: handle) { MemoryPool.deallocate(pointer, byteCount) }
  }

  func upload(_ bytes: UnsafeRawBufferPointer, to handle: UInt, offset: Int) {
    guard let source = bytes.baseAddress, let pointer = UnsafeMutableRawPointer(bitPattern: handle) else { return }
    (pointer + offset).copyMemory(from: source, byteCount: bytes.count)
  }

  func download(_ handle: UInt, offset: Int, into bytes: UnsafeMutableRawBufferPointer) {
    guard let target = bytes.baseAddress, let pointer = UnsafeRawPointer(bitPattern: handle) else { return }
    target.copyMemory(from: pointer + offset, byteCount: bytes.count)
  }

  func synchronize() {}
}
