extension Tensor {
  /// Stops unless the other operands are on this tensor's device: memory of one device means nothing to another's kernels.
  /// - Parameter name: the operation, for the message.
  func requireSameDevice(_ others: Tensor?..., in name: @autoclosure () -> String) {
    for case .some(let other) in others where other.device !== device {
      fatalError(
        "\(name()) of a tensor on device \(device.name) and one on \(other.device.name): make both on one, or move one (moved(to:))"
      )
    }
  }
}
