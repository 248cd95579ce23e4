import NN
import TensorCore

/// Tells real pictures from made ones, patch by patch (Isola et al. 2017, §3.2.2, "PatchGAN"): what autoencoders are
/// trained against so that they draw what their latents leave open instead of blurring it (Esser et al. 2021, §3.1).
///
/// Three halvings; each answer sees 47 × 47 pixels, and the rest through the norms. SiLU and group norms in place of leaky ReLU and batch norms, so that a
/// picture's answers do not depend on its neighbours in the batch.
public struct PatchDiscriminator: Sendable {
  private let convIn: Conv2d
  private let convs: [Conv2d]
  private let norms: [GroupNorm]
  private let convOut: Conv2d
  private static let groups = 8

  /// - Parameter width: channels after the first layer, a multiple of 8; the later ones have twice and four times as many.
  public init(_ p: ParameterPath, width: Int) {
    convIn = Conv2d(p.conv_in, 3, width, stride: 2)
    let channels = [width, 2 * width, 4 * width, 4 * width]
    convs = (1..<channels.count).map { layer in
      Conv2d(p.convs[layer - 1], channels[layer - 1], channels[layer], stride: layer < 3 ? 2 : 1)
    }
    norms = (1..<channels.count).map {
      GroupNorm(p.norms[$0 - 1], channels: channels[$0], groups: Self.groups, epsilon: 1e-5)
    }
    convOut = Conv2d(p.conv_out, 4 * width, 1)
  }

  /// - Parameter pictures: `[B, H, W, 3]` in about ±1, sides multiples of 8; their type decides the arithmetic.
  /// - Returns: logits `[B, H/8, W/8, 1]`, positive for what looks real.
  public func callAsFunction(_ pictures: Tensor) -> Tensor {
    var h = convIn(pictures, activation: .silu)
    for (conv, norm) in zip(convs, norms) { h = norm(conv(h), silu: true) }
    return convOut(h)
  }
}
