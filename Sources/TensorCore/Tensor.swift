/// An immutable n-dimensional array, row-major and contiguous.
///
/// Image activations are channels-last, `[B, H, W, C]`: the layout the fastest convolutions want, in which a token
/// batch `[B, H·W, C]` is the same memory, so attention and linear layers need no transposition.
/// Weights keep the checkpoint's shapes (`[out, in, kh, kw]`, `[out, in]`); backends repack them once.
public struct Tensor: Sendable {
  public let shape: [Int]
  public let dtype: DType
  let storage: Storage
  let byteOffset: Int
  /// Where a tape recorded this value; meaningless for any other tape.
  var trace: Trace?

  init(storage: Storage, byteOffset: Int = 0, shape: [Int], dtype: DType, trace: Trace? = nil) {
    precondition(
      byteOffset + shape.reduce(1, *) * dtype.byteSize <= storage.byteCount,
      "tensor \(shape) \(dtype) does not fit its storage of \(storage.byteCount) bytes")
    self.storage = storage
    self.byteOffset = byteOffset
    self.shape = shape
    self.dtype = dtype
    self.trace = trace
  }

  /// Uninitialised; the caller fills it before anyone else sees it.
  init(uninitialized shape: [Int], _ dtype: DType, device: Device) {
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
    self.init(uninitialized: shape, .f32, device: device)
    body(UnsafeMutableBufferPointer(start: pointer(as: Float.self), count: count))
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
    self.init(uninitialized: shape, .i32, device: device)
    let destination = pointer(as: Int32.self)
    for i in values.indices { destination[i] = values[i] }
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

  /// A tensor over memory that `owner` keeps alive, such as a mapped checkpoint; never written to.
  public init(
    mapped pointer: UnsafeRawPointer, shape: [Int], dtype: DType, owner: any Sendable,
    device: Device = .current
  ) {
    let bytes = shape.reduce(1, *) * dtype.byteSize
    self.init(
      storage: Storage(mapped: pointer, byteCount: bytes, owner: owner, device: device), shape: shape,
      dtype: dtype)
  }

  /// A float32 tensor `[B, H, W, C]` from values in `[B, C, H, W]` order, the order of checkpoints and random streams.
  public init(channelsFirst values: [Float], shape nchw: [Int], device: Device = .current) {
    self = Tensor(values, shape: nchw, device: device).permuted([0, 2, 3, 1])
  }
}

// MARK: - Reading tensors

extension Tensor {
  /// First element. Only for kernels and for the reading functions here.
  func pointer<T>(as type: T.Type) -> UnsafeMutablePointer<T> {
    (storage.pointer + byteOffset).assumingMemoryBound(to: type)
  }

  var raw: UnsafeMutableRawPointer { storage.pointer + byteOffset }

  /// All elements as float32, in row-major order.
  public func floats() -> [Float] {
    let source = dtype == .f32 ? self : cast(to: .f32)
    return withExtendedLifetime(source) {
      Array(UnsafeBufferPointer(start: source.pointer(as: Float.self), count: count))
    }
  }

  /// All elements of an index tensor.
  public func integers() -> [Int32] {
    precondition(dtype == .i32, "integers() of a \(dtype) tensor")
    return Array(UnsafeBufferPointer(start: pointer(as: Int32.self), count: count))
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
    try body(UnsafeRawBufferPointer(start: raw, count: count * dtype.byteSize))
  }

  /// Overwrites the elements in place. Only for optimisers that own the tensor.
  public func mutateInPlace(_ body: (UnsafeMutableBufferPointer<Float>) -> Void) {
    precondition(dtype == .f32 && storage.isWritable, "in-place change of a read-only tensor")
    body(UnsafeMutableBufferPointer(start: pointer(as: Float.self), count: count))
    storage.invalidateDerived()
  }
}
