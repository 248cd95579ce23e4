import TensorCore

/// Whether networks compute their blocks again for gradients instead of keeping what is between (Chen et al. 2016):
/// more time for less memory.
public enum Recomputation {
  /// What every block uses in the current scope.
  @TaskLocal public static var isOn = false

  /// A block of a network, kept or recomputed.
  /// - Parameters:
  ///   - inputs: tensors the block depends on, besides parameters.
  ///   - block: a pure function of its arguments and of parameters.
  public static func block(_ inputs: [Tensor], _ block: @escaping ([Tensor]) -> Tensor) -> Tensor {
    isOn ? checkpoint(inputs, block) : block(inputs)
  }
}
