import NN
import TensorCore

/// GroupNorm, SiLU, convolution, twice, with the time embedding added between and a shortcut around.
public struct ResnetBlock2D: Sendable {
  let norm1, norm2: GroupNorm
  let conv1, conv2: Conv2d
  let timeProjection: Linear?
  let shortcut: Conv2d?
  /// What the sum of both ways is divided by.
  let scale: Float

  /// - Parameters:
  ///   - timeWidth: width of the time embedding; nil for none (autoencoders).
  ///   - scale: what the sum of both ways is divided by (diffusers' `output_scale_factor`).
  public init(
    _ p: ParameterPath, _ inputs: Int, _ outputs: Int, timeWidth: Int?, groups: Int, epsilon: Float, scale: Float = 1
  ) {
    self.scale = scale
    norm1 = GroupNorm(p.norm1, channels: inputs, groups: groups, epsilon: epsilon)
    conv1 = Conv2d(p.conv1, inputs, outputs)
    timeProjection = timeWidth.map { Linear(p.time_emb_proj, $0, outputs) }
    norm2 = GroupNorm(p.norm2, channels: outputs, groups: groups, epsilon: epsilon)
    conv2 = Conv2d(p.conv2, outputs, outputs)
    shortcut =
      inputs == outputs
      ? nil : Conv2d(p.conv_shortcut, inputs, outputs, kernel: 1, padding: Padding(0))
  }

  /// - Parameters:
  ///   - x: `[B, H, W, inputs]`.
  ///   - time: SiLU of the time embedding, `[B, timeWidth]`.
  public func callAsFunction(_ x: Tensor, time: Tensor?) -> Tensor {
    var h = conv1(norm1(x, silu: true))
    if let timeProjection, let time {
      let shift = timeProjection(time)
      h = h + shift.reshaped([shift.shape[0], 1, 1, shift.shape[1]])
    }
    let sum = conv2(norm2(h, silu: true), residual: shortcut.map { $0(x) } ?? x)
    return scale == 1 ? sum : sum * (1 / scale)
  }
}

/// Halves height and width with a strided 3×3 convolution.
public struct Downsample2D: Sendable {
  let conv: Conv2d

  /// - Parameter padding: 1 in most U-Nets; autoencoders and some U-Nets pad right and bottom only (diffusers' padding 0).
  public init(_ p: ParameterPath, _ channels: Int, padding: Padding) {
    conv = Conv2d(p.conv, channels, channels, stride: 2, padding: padding)
  }

  public func callAsFunction(_ x: Tensor) -> Tensor { conv(x) }
}

extension Padding {
  /// Of a downsampler: as many pixels on all sides, or for 0 one pixel right and bottom (diffusers' `downsample_padding`).
  static func downsampling(_ padding: Int) -> Padding {
    padding == 0 ? Padding(top: 0, left: 0, bottom: 1, right: 1) : Padding(padding)
  }
}

/// Doubles height and width by repeating pixels, then a 3×3 convolution.
public struct Upsample2D: Sendable {
  let conv: Conv2d

  public init(_ p: ParameterPath, _ channels: Int) { conv = Conv2d(p.conv, channels, channels) }

  /// - Parameter size: wanted height and width, for a skip connection of odd size; twice the input's if nil.
  public func callAsFunction(_ x: Tensor, size: (height: Int, width: Int)? = nil) -> Tensor {
    var up = x.upsampledNearest2x
    if let size {
      // Nearest interpolation to 2n − 1 picks the same pixels as doubling and dropping the last.
      up = up.slice(axis: 1, from: 0, count: size.height).slice(axis: 2, from: 0, count: size.width)
    }
    return conv(up)
  }
}
