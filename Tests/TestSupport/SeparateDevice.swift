import Synchronization
import TensorCore

/// A device whose memory the processor cannot read by address: the rehearsal for a graphics card.
///
/// A handle is a place in its own table. Bytes come and go by upload and download alone, and a download that was not preceded by
/// `synchronize` stops the program. Its kernels are another device's, run on its own memory.
public final class SeparateMemory: DeviceMemory {
  /// What moved, and what is there.
  public struct Traffic: Sendable, Equatable {
    public var uploads = 0
    public var downloads = 0
    public var kernels = 0
    public var liveBytes = 0
  }

  private struct State {
    var buffers: [UInt: Buffer] = [:]
    var next: UInt = 1
    var isBusy = false
    var traffic = Traffic()
  }
  private let state = Mutex(State())

  /// A kernel may still hold memory that was given back.
  final class Buffer: Sendable {
    nonisolated(unsafe) let bytes: UnsafeMutableRawBufferPointer

    init(_ byteCount: Int) {
      bytes = .allocate(byteCount: max(byteCount, 1), alignment: 64)
      // NaN in every float type: what no kernel wrote shows.
      bytes.initializeMemory(as: UInt8.self, repeating: 0xFF)
    }

    deinit { bytes.deallocate() }
  }

  public var traffic: Traffic { state.withLock { $0.traffic } }

  public var isHost: Bool { false }

  public func allocate(_ byteCount: Int) -> UInt {
    state.withLock { state in
      defer { state.next += 1 }
      state.buffers[state.next] = Buffer(byteCount)
      state.traffic.liveBytes += byteCount
      return state.next
    }
  }

  public func deallocate(_ handle: UInt, _ byteCount: Int) {
    state.withLock { state in
      precondition(state.buffers.removeValue(forKey: handle) != nil, "handle \(handle) is given back twice")
      state.traffic.liveBytes -= byteCount
    }
  }

  public func upload(_ bytes: UnsafeRawBufferPointer, to handle: UInt, offset: Int) {
    let target = buffer(handle)
    state.withLock { $0.traffic.uploads += 1 }
    UnsafeMutableRawBufferPointer(rebasing: target.bytes[offset..<(offset + bytes.count)]).copyMemory(from: bytes)
  }

  public func download(_ handle: UInt, offset: Int, into bytes: UnsafeMutableRawBufferPointer) {
    let source = buffer(handle)
    state.withLock { state in
      precondition(!state.isBusy, "a download before the kernels were waited for")
      state.traffic.downloads += 1
    }
    bytes.copyMemory(from: UnsafeRawBufferPointer(rebasing: source.bytes[offset..<(offset + bytes.count)]))
  }

  public func synchronize() { state.withLock { $0.isBusy = false } }

  /// The memory of a handle, for kernels.
  func buffer(_ handle: UInt) -> Buffer {
    state.withLock { state in
      guard let found = state.buffers[handle] else {
        preconditionFailure("handle \(handle) names no memory of this device")
      }
      return found
    }
  }

  /// Notes that a kernel was started.
  func begin() {
    state.withLock { state in
      state.isBusy = true
      state.traffic.kernels += 1
    }
  }
}

extension Device {
  /// A device with memory of its own, that computes as `inner` does.
  public static func separate(computingAs inner: Device, name: String = "separate") -> (
    device: Device, memory: SeparateMemory
  ) {
    let memory = SeparateMemory()
    return (Device(name: name, kernels: SeparateKernels(inner: inner, memory: memory), memory: memory), memory)
  }
}
