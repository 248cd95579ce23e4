/// A step from σ to a lower σ′, split into a deterministic one to `down` and fresh noise of deviation `up`, so that
/// `down² + up² = σ′²` (Song et al. 2021, eq. 16, in σ).
struct AncestralStep {
  let down, up: Double

  init(from sigma: Double, to next: Double, eta: Double = 1) {
    let variance = next * next * (sigma * sigma - next * next) / (sigma * sigma)
    up = min(next, eta * max(variance, 0).squareRoot())
    down = max(next * next - up * up, 0).squareRoot()
  }
}
