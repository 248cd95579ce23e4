import TensorCore

/// Which arithmetic the networks use. Samplers always compute in float32 or better.
public enum Precision: String, Codable, Sendable, CaseIterable {
  case f32, bf16

  /// Type of the activations.
  public var dtype: DType {
    switch self {
    case .f32: .f32
    case .bf16: .bf16
    }
  }

  /// bf16 where the processor multiplies it in hardware, else f32.
  public static var best: Precision { Processor.hasBF16 ? .bf16 : .f32 }
}
