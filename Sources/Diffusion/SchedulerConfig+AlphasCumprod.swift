extension SchedulerConfig {
  /// `ᾱ` as the original code and its checkpoints have them: products in double precision, rounded once. They differ from
  /// diffusers' by up to 9·10⁻⁶ in σ, which a Brownian path can tell apart.
  ///
  /// Nil for schedules the original code has not.
  var originalAlphasCumprod: [Float]? {
    guard given.trainedBetas == nil, !rescaleBetasZeroSNR else { return nil }
    let betas: [Double]
    switch betaSchedule {
    case .linear: betas = TimestepSpacing.linspace(betaStart, betaEnd, trainSteps)
    case .scaledLinear:
      betas = TimestepSpacing.linspace(betaStart.squareRoot(), betaEnd.squareRoot(), trainSteps).map { $0 * $0 }
    case .cosine, .sigmoid: return nil
    }
    var product = 1.0
    return betas.map { beta in
      product *= 1 - beta
      return Float(product)
    }
  }
}
