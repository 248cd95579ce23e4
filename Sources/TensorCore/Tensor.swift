/// An immutable n-dimensional array, row-major and contiguous.
///
/// Image activations are channels-last, `[B, H, W, C]`: the layout the fastest convolutions want, in which a token
/// batch `[B, H·W, C]` is the same memory, so attention and linear layers need no transposition.
/// Weights keep the checkpoint's shapes (`[out, in, kh, kw]`, `[out, in]`); backends repack them once.
public struct Tensor: Sendable {
  public let shape: [Int]
  public let dtype: DType
  package let storage: Storage
  package let byteOffset: Int
  /// Where a tape recorded this value; meaningless for any other tape.
  var trace: Trace?

  package init(storage: Storage, byteOffset: Int = 0, shape: [Int], dtype: DType) {
    precondition(
      byteOffset + shape.reduce(1, *) * dtype.byteSize <= storage.byteCount,
      "tensor \(shape) \(dtype) does not fit its storage of \(storage.byteCount) bytes")
    self.storage = storage
    self.byteOffset = byteOffset
    self.shape = shape
    self.dtype = dtype
    trace = nil
  }

  /// Uninitialised; the caller fills it before anyone else sees it.
  package init(uninitialized shape: [Int], _ dtype: DType, device: Device) {
    self.init(
      storage: Storage(byteCount: shape.reduce(1, *) * dtype.byteSize, device: device), shape: shape,
      dtype: dtype)
  }

  public var count: Int { shape.reduce(1, *) }
  public var rank: Int { shape.count }
  public var device: Device { storage.device }
  var kernels: any Kernels { storage.device.kernels }

  /// The same value, unknown to any tape.
  public var detached: Tensor {
    var copy = self
    copy.trace = nil
    return copy
  }
}

// MARK: - Making tensors

extension Tensor {
  /// A float32 tensor filled by `body`, which must write every element.
  public init(
    shape: [Int], device: Device = .current, fill body: (UnsafeMutableBufferPointer<Float>) -> Void
  ) {
    self.init(shape: shape, .f32, device: device) { body($0.assumingMemoryBound(to: Float.self)) }
  }

  /// A tensor whose bytes `body` writes on the host: in place, or to be uploaded.
  package init(shape: [Int], _ dtype: DType, device: Device, writing body: (UnsafeMutableRawBufferPointer) -> Void) {
    self.init(uninitialized: shape, dtype, device: device)
    let size = byteCount
    if device.memory.isHost {
      body(UnsafeMutableRawBufferPointer(start: raw, count: size))
      return
    }
    let staged = UnsafeMutableRawBufferPointer.allocate(byteCount: size, alignment: 64)
    defer { staged.deallocate() }
    body(staged)
    device.memory.upload(UnsafeRawBufferPointer(staged), to: storage.handle, offset: 0)
  }

  /// A float32 tensor of the given values in row-major order.
  public init(_ values: [Float], shape: [Int], device: Device = .current) {
    precondition(values.count == shape.reduce(1, *), "\(values.count) values for shape \(shape)")
    self.init(shape: shape, device: device) { buffer in
      values.withUnsafeBufferPointer { _ = buffer.update(fromContentsOf: $0) }
    }
  }

  /// An index tensor.
  public init(_ values: [Int32], shape: [Int], device: Device = .current) {
    precondition(values.count == shape.reduce(1, *), "\(values.count) values for shape \(shape)")
    self.init(shape: shape, .i32, device: device) { bytes in
      values.withUnsafeBytes { bytes.copyMemory(from: $0) }
    }
  }

  /// A tensor with every element equal to `value`.
  public init(
    repeating value: Float, shape: [Int], dtype: DType = .f32, device: Device = .current
  ) {
    self = device.kernels.fill(value, shape: shape, dtype: dtype, device: device)
  }

  public static func zeros(_ shape: [Int], dtype: DType = .f32, device: Device = .current) -> Tensor {
    Tensor(repeating: 0, shape: shape, dtype: dtype, device: device)
  }

  /// A tensor over memory that `owner` keeps alive, such as a mapped checkpoint; never written to. A device with memory of its own gets
  /// a copy.
  public init(
    mapped pointer: UnsafeRawPointer, shape: [Int], dtype: DType, owner: any Sendable,
    device: Device = .current
  ) {
    let bytes = shape.reduce(1, *) * dtype.byteSize
    self.init(
      storage: .mapped(pointer, byteCount: bytes, owner: owner, device: device), shape: shape, dtype: dtype)
  }

  /// A float32 tensor `[B, H, W, C]` from values in `[B, C, H, W]` order, the order of checkpoints and random streams.
  public init(channelsFirst values: [Float], shape nchw: [Int], device: Device = .current) {
    self = Tensor(values, shape: nchw, device: device).permuted([0, 2, 3, 1])
  }
}

// MARK: - Reading tensors

extension Tensor {
  /// First element, in the processor's memory. Only for kernels and for the reading functions here.
  package func pointer<T>(as type: T.Type) -> UnsafeMutablePointer<T> {
    (storage.pointer + byteOffset).assumingMemoryBound(to: type)
  }

  package var raw: UnsafeMutableRawPointer { storage.pointer + byteOffset }

  package var byteCount: Int { count * dtype.byteSize }

  /// All elements as float32, in row-major order. Like everything that reads here it downloads, and waits for what computes them: for
  /// the edges of a run (files, statistics, what decides the next step), never inside a network.
  public func floats() -> [Float] {
    let source = dtype == .f32 ? self : cast(to: .f32)
    return source.withBytes { Array($0.bindMemory(to: Float.self)) }
  }

  /// All elements of an index tensor.
  public func integers() -> [Int32] {
    precondition(dtype == .i32, "integers() of a \(dtype) tensor")
    return withBytes { Array($0.bindMemory(to: Int32.self)) }
  }

  /// Values of an image batch `[B, H, W, C]` in `[B, C, H, W]` order.
  public func channelsFirstFloats() -> [Float] { detached.permuted([0, 3, 1, 2]).floats() }

  /// The only element.
  public var scalar: Float {
    precondition(count == 1, "scalar of a tensor of shape \(shape)")
    return floats()[0]
  }

  /// Calls `body` with the raw bytes, for writing files.
  public func withBytes<R>(_ body: (UnsafeRawBufferPointer) throws -> R) rethrows -> R {
    if device.memory.isHost {
      return try withExtendedLifetime(storage) { try body(UnsafeRawBufferPointer(start: raw, count: byteCount)) }
    }
    let copy = downloaded()
    defer { copy.deallocate() }
    return try body(UnsafeRawBufferPointer(copy))
  }

  /// The bytes in memory that the caller frees.
  private func downloaded() -> UnsafeMutableRawBufferPointer {
    let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: byteCount, alignment: 64)
    device.memory.synchronize()
    device.memory.download(storage.handle, offset: byteOffset, into: copy)
    return copy
  }

  /// The same values on another device.
  public func moved(to device: Device) -> Tensor {
    if device === self.device { return self }
    return withBytes { source in
      Tensor(shape: shape, dtype, device: device) { $0.copyMemory(from: source) }
    }
  }

  /// Overwrites the elements in place. Only for optimisers that own the tensor.
  public func mutateInPlace(_ body: (UnsafeMutableBufferPointer<Float>) -> Void) {
    precondition(dtype == .f32 && storage.isWritable, "in-place change of a read-only tensor")
    if device.memory.isHost {
      body(UnsafeMutableBufferPointer(start: pointer(as: Float.self), count: count))
    } else {
      let copy = downloaded()
      defer { copy.deallocate() }
      body(copy.bindMemory(to: Float.self))
      device.memory.upload(UnsafeRawBufferPointer(copy), to: storage.handle, offset: byteOffset)
    }
    storage.invalidateDerived()
  }
}
