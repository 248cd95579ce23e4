import NN
import TensorCore

/// Pools a picture's features by attention: their mean asks, and the mean and every place answer (Radford et al. 2021, §2.3).
///
/// Without CLIP's table of positions, so that pictures of any size can be pooled; convolutions know of edges anyway.
public struct AttentionPool2D: Sendable {
  let attention: (q: Linear, k: Linear, v: Linear)
  let projection: Linear
  let heads: Int

  /// - Parameters:
  ///   - heads: must divide `channels`.
  ///   - outputs: width of the projection behind it.
  public init(_ p: ParameterPath, channels: Int, heads: Int, outputs: Int) {
    attention = (
      Linear(p.q_proj, channels, channels), Linear(p.k_proj, channels, channels), Linear(p.v_proj, channels, channels)
    )
    projection = Linear(p.c_proj, channels, outputs)
    self.heads = heads
  }

  /// - Parameter x: `[B, H, W, C]`.
  /// - Returns: `[B, C]`, before the projection.
  public func pooled(_ x: Tensor) -> Tensor {
    let (batch, channels) = (x.shape[0], x.shape[3])
    let places = x.reshaped([batch, x.shape[1] * x.shape[2], channels])
    let mean = places.mean(axes: [1]).reshaped([batch, 1, channels])
    let all = Tensor.concatenate([mean, places], axis: 1)
    let (q, k, v) = (attention.q(mean), attention.k(all), attention.v(all))
    return Tensor.attention(q, k, v, heads: heads).reshaped([batch, channels])
  }

  /// What was pooled, projected: `[B, C]` to `[B, outputs]`.
  public func projected(_ pooled: Tensor) -> Tensor { projection(pooled) }
}
