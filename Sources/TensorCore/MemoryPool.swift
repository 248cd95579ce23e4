import Glibc
import Synchronization

/// Recycles the buffers of short-lived tensors.
///
/// A network allocates the same few sizes again and again; fresh pages from the kernel cost more than many of the
/// operations that fill them. Buffers are rounded up to eight classes per power of two, so at most 12.5 % is wasted.
enum MemoryPool {
  private struct State {
    var free: [Int: [UInt]] = [:]
    var cachedBytes = 0
    var liveBytes = 0
    var peakBytes = 0
  }
  private static let state = Mutex(State())
  private static let hugePage = 2 << 20

  /// Whether little is kept for the next request: for work whose buffers grow as it goes on.
  @TaskLocal static var thrifty = false

  /// The rounded size a request of `bytes` is served with.
  static func sizeClass(_ bytes: Int) -> Int {
    let least = max(bytes, 64)
    let step = max(64, (1 << (Int.bitWidth - 1 - least.leadingZeroBitCount)) / 8)
    return (least + step - 1) / step * step
  }

  /// A 64-byte aligned buffer of at least `bytes` bytes with undefined contents.
  static func allocate(_ bytes: Int) -> UnsafeMutableRawPointer {
    let size = sizeClass(bytes)
    let recycled: UInt? = state.withLock { s in
      s.liveBytes += size
      s.peakBytes = max(s.peakBytes, s.liveBytes)
      guard let address = s.free[size]?.popLast() else { return nil }
      s.cachedBytes -= size
      return address
    }
    if let recycled, let pointer = UnsafeMutableRawPointer(bitPattern: recycled) { return pointer }
    var pointer: UnsafeMutableRawPointer?
    let alignment = size >= hugePage ? hugePage : 64
    var status = posix_memalign(&pointer, alignment, size)
    if status != 0 {
      trim(keeping: 0)
      status = posix_memalign(&pointer, alignment, size)
    }
    guard status == 0, let pointer else {
      fatalError("out of memory: a tensor of \(bytes) bytes could not be allocated")
    }
    if size >= hugePage { madvise(pointer, size, MADV_HUGEPAGE) }
    return pointer
  }

  /// Gives back a buffer that `allocate(bytes)` returned.
  static func deallocate(_ pointer: UnsafeMutableRawPointer, _ bytes: Int) {
    let size = sizeClass(bytes)
    let isThrifty = thrifty
    let keep = state.withLock { s -> Bool in
      s.liveBytes -= size
      let limit = isThrifty ? 64 << 20 : max(256 << 20, s.peakBytes / 2)
      // What is cached must not dwarf what is in use: peak memory is a figure people watch.
      guard s.cachedBytes + size <= limit else { return false }
      s.free[size, default: []].append(UInt(bitPattern: pointer))
      s.cachedBytes += size
      return true
    }
    if !keep { free(pointer) }
  }

  /// Returns cached buffers to the system until at most `keeping` bytes are cached.
  static func trim(keeping limit: Int) {
    let released: [UInt] = state.withLock { s in
      var out: [UInt] = []
      for size in s.free.keys.sorted(by: >) where s.cachedBytes > limit {
        while s.cachedBytes > limit, let address = s.free[size]?.popLast() {
          out.append(address)
          s.cachedBytes -= size
        }
      }
      return out
    }
    for address in released { free(UnsafeMutableRawPointer(bitPattern: address)) }
  }

  /// Most bytes that were in use by tensors at one time.
  static var peakBytes: Int { state.withLock { $0.peakBytes } }
}
