import TensorCore

/// Linear multistep in σ: up to four past slopes, integrated as a polynomial (k-diffusion's `sample_lms`).
public struct LMSSampler: Sampler {
  let scale: SigmaScale
  private static let order = 4

  public init(_ config: SchedulerConfig, schedule: ScheduleName? = nil, ays: AlignYourSteps = .stableDiffusion) {
    scale = SigmaScale("lms", config.adapted(to: "LMSDiscreteScheduler"), .kDiffusion, schedule, ays: ays)
  }

  public func plan(steps: Int) throws(SamplerError) -> SamplingPlan {
    scale.explodingPlan(try scale.sigmas(steps: steps), steps: steps)
  }

  public func sample(
    _ x: Tensor, plan: SamplingPlan, noise: inout NoiseSource, predict: ModelPrediction,
    onStep: (SamplingStep) throws -> Tensor?
  ) throws -> Tensor {
    var x = x
    // Newest first.
    var slopes: [Tensor] = []
    for i in plan.indices {
      let slope = try scale.slope(x, sigma: plan.sigmas[i], timestep: plan.timesteps[i], step: i, predict)
      slopes = [slope] + slopes.prefix(Self.order - 1)
      let known = slopes.indices.map { plan.sigmas[i - $0] }
      let weights = Self.weights(known, to: plan.sigmas[i + 1])
      x = Tensor.combination([(1, x)] + zip(weights, slopes))
      x = try onStep(SamplingStep(i, of: plan, sample: x)) ?? x
    }
    return x
  }

  /// Integrals from the first of `nodes` to `end` of the polynomials that are 1 at one node and 0 at the others.
  private static func weights(_ nodes: [Double], to end: Double) -> [Double] {
    // Gauss's rule with three points is exact up to degree 5; these have at most 3.
    let (middle, half) = ((nodes[0] + end) / 2, (end - nodes[0]) / 2)
    let reach = (3.0 / 5).squareRoot()
    let points = [(-reach, 5.0 / 9), (0, 8.0 / 9), (reach, 5.0 / 9)]
    return nodes.indices.map { j in
      points.reduce(0.0) { sum, point in
        let sigma = middle + half * point.0
        let value = nodes.indices.reduce(1.0) { product, k in
          k == j ? product : product * (sigma - nodes[k]) / (nodes[j] - nodes[k])
        }
        return sum + half * point.1 * value
      }
    }
  }
}
