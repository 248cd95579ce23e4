import NN
import TensorCore
import Training

/// A generative adversarial network (Goodfellow et al. 2014): one network makes vectors of normal numbers, the other tells them
/// from real ones, and each learns from the other. There is no density.
///
/// Both learn in one step. The maker's part of the loss goes through a copy of the judge whose weights stay
/// (`FrozenCopy`), so that the judge learns only to tell apart.
package struct AdversarialPair: GenerativeModel {
  private let maker, judge: DenseNetwork
  private let seeing: FrozenCopy<DenseNetwork>
  private let latent: Int
  /// Deviation of noise put on what the judge sees, real and made: without it, it soon is never wrong and teaches
  /// nothing (Sønderby et al. 2017, §3.1).
  private let blur: Float
  package let groups: [ParameterGroup]
  /// The judge learns faster, so that what it says is about what is made now (Heusel et al. 2017, §2).
  private static let judgeRate = 4.0
  package var likelihoodKind: LikelihoodKind { .none }

  package init(width: Int, latent: Int, hidden: Int, depth: Int, blur: Float, seed: UInt64) {
    func build(_ p: ParameterPath) -> DenseNetwork { DenseNetwork(p, width, 1, width: hidden, depth: depth) }
    let makerStore = ParameterStore(RandomInitialization(seed: seed), isTrainable: { _ in true })
    maker = DenseNetwork(makerStore.root.maker, latent, width, width: hidden, depth: depth)
    let judgeStore = ParameterStore(RandomInitialization(seed: seed), isTrainable: { _ in true })
    judge = build(judgeStore.root.judge)
    seeing = FrozenCopy(of: judgeStore.parameters) { build($0.judge) }
    (self.latent, self.blur) = (latent, blur)
    groups = [
      ParameterGroup("maker", makerStore.parameters),
      ParameterGroup("judge", judgeStore.parameters, rateFactor: Self.judgeRate),
    ]
  }

  /// `softplus(−D(x)) + softplus(D(G(z)))` for the judge (eq. 1 there, D a logit), and `softplus(−D(G(z)))` for the maker, the
  /// form that learns while the judge is right (§3 there).
  package func loss(_ x: Tensor, random: inout [ExampleRandom]) -> Tensor {
    let made = maker(random.normal(like: [x.shape[0], latent]))
    func blurred(_ vectors: Tensor) -> Tensor { vectors + random.normal(like: x.shape) * blur }
    let (real, fake) = (blurred(x), blurred(made))
    let telling = (-judge(real)).applying(.softplus).mean() + judge(fake.detached).applying(.softplus).mean()
    return telling + (-seeing.current()(fake)).applying(.softplus).mean()
  }

  package func sample(_ count: Int, seed: UInt64) -> Tensor { maker(StandardNormal.draw([count, latent], seed: seed)) }

  package func logLikelihood(_ x: Tensor, seed: UInt64) -> [Double]? { nil }
}
