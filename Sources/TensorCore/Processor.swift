import CKernels
import COneDNN

/// What computes, and on how many threads. The one owner of the thread count for our kernels, oneDNN and OpenBLAS.
public enum Processor {
  /// Threads all kernels use, whichever thread of the program calls them: our loops, oneDNN's regions, which run in the same pool, and
  /// OpenBLAS, which is told at each call. What has begun keeps the number it began with.
  public static var threads: Int {
    get { Int(ik_threads()) }
    set { ik_set_threads(Int32(max(newValue, 1))) }
  }

  /// Runs `work` on so many threads, whatever is set meanwhile: what it asks for is cut for that number. For the calling thread alone.
  public static func withThreads<R>(_ count: Int, _ work: () throws -> R) rethrows -> R {
    let before = ik_hold_threads(Int32(max(count, 1)))
    defer { _ = ik_hold_threads(before) }
    return try work()
  }

  /// The vector instruction set our kernels chose.
  public static var instructionSet: String { String(cString: ik_isa()) }

  /// Whether bf16 products run on hardware instructions.
  public static var hasBF16: Bool { idnn_has_bf16() != 0 && ik_isa_level() >= 3 }

  /// Most bytes tensors have occupied at one time.
  public static var peakTensorBytes: Int { MemoryPool.peakBytes }

  /// Gives cached buffers back to the system.
  public static func releaseCachedMemory() { MemoryPool.trim(keeping: 0) }
}
