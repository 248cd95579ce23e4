import Models
import NN
import TensorCore

/// A discriminator that learns beside an autoencoder, and pulls what is decoded towards what it takes for real.
///
/// Absolute and squared errors are least for a blur wherever latents leave something open; a discriminator sees the blur.
package struct PatchAdversary {
  package let group: ParameterGroup
  private let judge: PatchDiscriminator
  /// Through which gradients flow to pictures and not to the judge.
  private let seeing: FrozenCopy<PatchDiscriminator>
  private let weight: Float
  private let dtype: DType
  private static let width = 32
  /// The judge learns faster, so that what it says is about what is decoded now (Heusel et al. 2017, §2).
  private static let judgeRate = 2.0

  /// - Parameters:
  ///   - weight: how strongly it pulls, as a share of the reconstruction's own pull.
  ///   - dtype: the arithmetic.
  package init(weight: Float, dtype: DType, seed: UInt64) {
    func build(_ p: ParameterPath) -> PatchDiscriminator { PatchDiscriminator(p.discriminator, width: Self.width) }
    let store = ParameterStore(RandomInitialization(seed: seed), isTrainable: { _ in true })
    judge = build(store.root)
    seeing = FrozenCopy(of: store.parameters, build)
    group = ParameterGroup("discriminator", store.parameters, rateFactor: Self.judgeRate)
    (self.weight, self.dtype) = (weight, dtype)
  }

  /// The judge's loss, `softplus(−D(x)) + softplus(D(x̂))` (Goodfellow et al. 2014, eq. 1, D a logit); and, as a term that is
  /// zero but has a gradient, the pull of `softplus(−D(x̂))` on the decoded pictures, scaled to `weight` times the norm of
  /// the reconstruction's gradient there (Esser et al. 2021, eq. 7, who compare the two at the last layer's weights).
  /// - Parameters:
  ///   - decoded: `[B, H, W, 3]`, float32.
  ///   - real: what they should be.
  ///   - reconstruction: the loss of decoded pictures without a judge.
  package func loss(_ decoded: Tensor, _ real: Tensor, beside reconstruction: (Tensor) -> Tensor) -> Tensor {
    let made = decoded.detached
    let telling =
      (-answers(judge, real)).applying(.softplus).mean() + answers(judge, made).applying(.softplus).mean()
    let frozen = seeing.current()
    let pull = Self.gradient(at: made) { (-answers(frozen, $0)).applying(.softplus).mean() }
    let own = Self.gradient(at: made, of: reconstruction)
    let scale = weight * Float((own.sumOfSquares / max(pull.sumOfSquares, 1e-30)).squareRoot())
    let pulled = (decoded * pull).sum(scale: scale)
    return telling + (pulled - pulled.detached)
  }

  private func answers(_ network: PatchDiscriminator, _ pictures: Tensor) -> Tensor {
    network(pictures.cast(to: dtype)).cast(to: .f32)
  }

  private static func gradient(at pictures: Tensor, of function: (Tensor) -> Tensor) -> Tensor {
    let variable = Variable(pictures)
    return valueAndGradients { function(variable.value) }.gradients[variable] ?? .zeros(pictures.shape)
  }
}
