import NN
import TensorCore

/// Weights of a network that is to read further channels: the first layer's weights of those are zero, so that they change nothing
/// at first (GLIDE, Nichol et al. 2021, §3.3).
public struct WidenedInput: ParameterSource {
  private let base: any ParameterSource
  /// The first layer's weight.
  private let key: String
  private let channels: Int

  /// The first layer's weight of diffusers' U-Nets.
  public static let firstWeight = "conv_in.weight"

  /// - Parameters:
  ///   - key: the first layer's weight, `[out, in, h, w]`.
  ///   - channels: it is to read, at least as many as it does.
  public init(_ base: any ParameterSource, key: String = firstWeight, channels: Int) {
    (self.base, self.key, self.channels) = (base, key, channels)
  }

  public var description: String { base.description }
  public var keys: [String] { base.keys }

  public func tensor(_ key: String, shape: [Int], initializer: Initializer) -> Tensor? {
    guard key == self.key, let found = base.shape(of: key) else {
      return base.tensor(key, shape: shape, initializer: initializer)
    }
    return base.tensor(key, shape: found, initializer: initializer)?.withInputs(channels)
  }

  public func shape(of key: String) -> [Int]? {
    guard key == self.key, var shape = base.shape(of: key), shape.count == 4, shape[1] <= channels else {
      return base.shape(of: key)
    }
    shape[1] = channels
    return shape
  }

  public func problem(of key: String) -> String? { base.problem(of: key) }
  public func adapters(of key: String, shape: [Int]) -> [LowRankAdapter] { base.adapters(of: key, shape: shape) }
}

extension Tensor {
  /// A convolution's weight `[out, in, h, w]` for more inputs, the further ones' zero.
  package func withInputs(_ count: Int) -> Tensor {
    guard count > shape[1] else { return self }
    return .concatenate([self, .zeros([shape[0], count - shape[1]] + shape[2...], dtype: dtype)], axis: 1)
  }
}
