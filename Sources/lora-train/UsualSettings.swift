import Adapters
import Training

/// What is done where a flag says nothing: the bundled model is small, so it takes larger batches and rates.
struct UsualSettings {
  let steps, batch, rank: Int
  let rate: Double
  let targets: AdapterTargets

  init(_ method: FineTuningRecipe.Method, isBundled: Bool) {
    let isWord = method == .embedding
    rate = isWord ? 5e-3 : isBundled ? 2e-3 : 1e-4
    (steps, batch) = isBundled ? (600, 8) : (400, 1)
    (rank, targets) = isBundled ? (16, .all) : (8, .transformer)
  }
}
