import CKernels
import COneDNN

/// What computes, and on how many threads. The one owner of the thread count for our kernels, oneDNN and OpenBLAS.
public enum Processor {
  /// Threads all kernels use.
  public static var threads: Int {
    get { Int(ik_threads()) }
    set { ik_set_threads(Int32(max(newValue, 1))) }
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
