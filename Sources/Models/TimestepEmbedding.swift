import Foundation
import NN
import TensorCore

/// Sinusoids of the timestep (Vaswani et al. 2017 §3.5, as used by Ho et al. 2020).
public enum Sinusoids {
  /// - Parameters:
  ///   - t: one value a row, may be fractional.
  ///   - width: even; the first half is cosines if `cosineFirst`.
  ///   - shift: subtracted from the number of frequencies in the exponent (diffusers' `freq_shift`).
  ///   - device: that of the weights that read it.
  /// - Returns: `[t.count, width]` float32.
  public static func embed(_ t: [Float], width: Int, cosineFirst: Bool, shift: Float, device: Device) -> Tensor {
    let half = width / 2
    return Tensor(shape: [t.count, width], device: device) { out in
      for (row, value) in t.enumerated() {
        for i in 0..<half {
          let frequency = expf(-logf(10000) * Float(i) / (Float(half) - shift))
          let angle = value * frequency
          let (s, c) = (sinf(angle), cosf(angle))
          out[row * width + i] = cosineFirst ? c : s
          out[row * width + half + i] = cosineFirst ? s : c
        }
      }
    }
  }
}

/// The two-layer network behind the sinusoids: Linear, SiLU, Linear, and in some models another activation.
public struct TimestepEmbedding: Sendable {
  let linear1, linear2: Linear
  let last: Activation

  /// - Parameter last: behind the second layer (diffusers' `timestep_post_act`).
  public init(_ p: ParameterPath, _ inputs: Int, _ width: Int, last: Activation = .none) {
    linear1 = Linear(p.linear_1, inputs, width)
    linear2 = Linear(p.linear_2, width, width)
    self.last = last
  }

  /// Where its weights are.
  var device: Device { linear1.weight.value.device }

  public func callAsFunction(_ x: Tensor) -> Tensor { linear2(linear1(x, activation: .silu), activation: last) }
}
