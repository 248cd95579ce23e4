import NN
import TensorCore

/// How residual blocks take the time in (diffusers' `resnet_time_scale_shift`).
public enum TimeConditioning: String, Codable, Sendable {
  /// Added to each channel before the second norm (Ho et al. 2020).
  case shift = "default"
  /// Scales and shifts each channel behind the second norm (Dhariwal & Nichol 2021, §4.3).
  case scaleShift = "scale_shift"
}

/// GroupNorm, SiLU, convolution, twice, with the time embedding taken in between and a shortcut around.
public struct ResnetBlock2D: Sendable {
  let norm1, norm2: GroupNorm
  let conv1, conv2: Conv2d
  let timeProjection: Linear?
  let shortcut: Conv2d?
  let conditioning: TimeConditioning
  /// What the sum of both ways is divided by.
  let scale: Float

  /// - Parameters:
  ///   - timeWidth: width of the time embedding; nil for none (autoencoders).
  ///   - conditioning: what the time embedding does.
  ///   - scale: what the sum of both ways is divided by (diffusers' `output_scale_factor`).
  public init(
    _ p: ParameterPath, _ inputs: Int, _ outputs: Int, timeWidth: Int?, groups: Int, epsilon: Float,
    conditioning: TimeConditioning = .shift, scale: Float = 1
  ) {
    (self.conditioning, self.scale) = (conditioning, scale)
    norm1 = GroupNorm(p.norm1, channels: inputs, groups: groups, epsilon: epsilon)
    conv1 = Conv2d(p.conv1, inputs, outputs)
    timeProjection = timeWidth.map { Linear(p.time_emb_proj, $0, conditioning == .shift ? outputs : 2 * outputs) }
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
    let h = normalized(conv1(norm1(x, silu: true)), time: time)
    let sum = conv2(h, residual: shortcut.map { $0(x) } ?? x)
    return scale == 1 ? sum : sum * (1 / scale)
  }

  /// Time, the second norm and SiLU.
  private func normalized(_ h: Tensor, time: Tensor?) -> Tensor {
    guard let timeProjection, let time else { return norm2(h, silu: true) }
    let told = timeProjection(time)
    switch conditioning {
    case .shift: return norm2(h + told.reshaped([told.shape[0], 1, 1, told.shape[1]]), silu: true)
    case .scaleShift:
      let parts = told.split(axis: 1, [told.shape[1] / 2, told.shape[1] / 2])
      return norm2(h, scale: parts[0], shift: parts[1], silu: true)
    }
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
