/// Where tensors live and what computes on them. Chosen once per process; tests choose per scope.
///
/// A device is its kernels and its memory. A new kind is added by making one and registering it (`DeviceRegistry.swift`): nothing in the
/// operations, the networks or the commands knows which there are.
public final class Device: Sendable {
  public let name: String
  public let kernels: any Kernels
  public let memory: any DeviceMemory

  public init(name: String, kernels: any Kernels, memory: any DeviceMemory) {
    self.name = name
    self.kernels = kernels
    self.memory = memory
  }

  /// The device new tensors are made on.
  @TaskLocal public static var current: Device = .best

  /// oneDNN for matrix products and convolutions, our own kernels for the rest.
  public static let oneDNN = Device(
    name: "onednn", kernels: CPUKernels(matrix: OneDNNMatrixKernels()), memory: HostMemory())
  /// OpenBLAS for matrix products, our own kernels for the rest; arithmetic in float32.
  public static let openBLAS = Device(
    name: "openblas", kernels: CPUKernels(matrix: OpenBLASMatrixKernels()), memory: HostMemory())
  /// Naive loops: the oracle the others are tested against.
  public static let reference = Device(name: "reference", kernels: ReferenceKernels(), memory: HostMemory())

  /// Why the device cannot compute on this machine and what to do, in one line; nil if it can.
  public var unavailableReason: String? { kernels.unavailableReason }

  /// Why products in 8 bits cannot be computed here and what to do, in one line; nil if they can.
  public var noInt8Reason: String? {
    kernels.computesInt8
      ? kernels.noInt8Reason : "the \(name) backend has no products in 8 bits: take onednn, or another precision"
  }
}
