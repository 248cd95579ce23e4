import TensorCore

/// Which arithmetic the networks use. Samplers always compute in float32 or better.
public enum Precision: String, Codable, Sendable, CaseIterable {
  case f32, bf16
  /// The U-Net's products in 8 bits, everything else in bf16.
  case int8

  /// Type of the activations.
  public var dtype: DType {
    switch self {
    case .f32: .f32
    case .bf16, .int8: .bf16
    }
  }

  /// How the U-Net's products are computed.
  public var products: ProductArithmetic { self == .int8 ? .int8 : .activations }

  /// bf16 where the processor multiplies it in hardware, else f32.
  public static var best: Precision { Processor.hasBF16 ? .bf16 : .f32 }
}
