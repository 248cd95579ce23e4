/// Where tensors live and what computes on them. Chosen once per process; tests choose per scope.
public final class Device: Sendable {
  public let name: String
  public let kernels: any Kernels

  init(name: String, kernels: any Kernels) {
    self.name = name
    self.kernels = kernels
  }

  /// The device new tensors are made on.
  @TaskLocal public static var current: Device = .best

  /// oneDNN for matrix products and convolutions, our own kernels for the rest.
  public static let oneDNN = Device(name: "onednn", kernels: CPUKernels(matrix: OneDNNMatrixKernels()))
  /// OpenBLAS for matrix products, our own kernels for the rest; arithmetic in float32.
  public static let openBLAS = Device(
    name: "openblas", kernels: CPUKernels(matrix: OpenBLASMatrixKernels()))
  /// Naive loops: the oracle the others are tested against.
  public static let reference = Device(name: "reference", kernels: ReferenceKernels())

  /// The fastest device that works on this machine.
  public static let best: Device = OneDNNMatrixKernels.isAvailable ? .oneDNN : .openBLAS

  /// Names accepted by `named(_:)`, in order of preference.
  public static let names = ["onednn", "openblas", "reference"]

  /// The device of that name, or nil if there is none.
  public static func named(_ name: String) -> Device? {
    switch name {
    case "onednn": .oneDNN
    case "openblas": .openBLAS
    case "reference": .reference
    case "best": .best
    default: nil
    }
  }
}
