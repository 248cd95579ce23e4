import COneDNN

extension Device {
  /// Why the device cannot compute on this machine and what to do, in one line; nil if it can.
  public var unavailableReason: String? {
    switch name {
    case "onednn" where !OneDNNMatrixKernels.isAvailable: "oneDNN: \(String(cString: idnn_error()))"
    case "openblas" where !OpenBLASMatrixKernels.isAvailable:
      OpenBLASMatrixKernels.unavailableReason
    default: nil
    }
  }

  /// The devices that can compute on this machine, in order of preference.
  public static var available: [Device] {
    names.compactMap { named($0) }.filter { $0.unavailableReason == nil }
  }
}
