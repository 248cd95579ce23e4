import Conditioning
import Diffusion
import Models
import TensorCore

/// What pictures of a model on pixels are to be of.
public struct ClassWish: Sendable {
  /// A class for each picture.
  public var classes: [Int]
  /// Classifier-free guidance of a network that is told classes: 0 tells it none, 1 the class alone.
  public var guidance: Guidance
  /// Pulls pictures towards their classes.
  public var classifier: NoisyClassifier?
  /// How strongly; 1 is Bayes' rule.
  public var classifierScale: Float

  public init(
    _ classes: [Int], guidance: Guidance = Guidance(scale: 1), classifier: NoisyClassifier? = nil,
    classifierScale: Float = 1
  ) {
    (self.classes, self.guidance, self.classifier) = (classes, guidance, classifier)
    self.classifierScale = classifierScale
  }
}

/// Pictures from noise without words (Ho et al. 2020): a network on pixels, which may be told classes.
public struct UnconditionalImages: Sendable {
  public let network: any DenoisingNetwork
  public let scheduler: SchedulerConfig
  public let precision: Precision
  /// Names of the classes the network is told; empty for none.
  public let classes: [String]

  public init(
    network: any DenoisingNetwork, scheduler: SchedulerConfig, precision: Precision, classes: [String] = []
  ) {
    (self.network, self.scheduler, self.precision, self.classes) = (network, scheduler, precision, classes)
  }

  /// The class that stands for none, which guidance measures from; nil if the network was always told one.
  public var noClass: Int? { network.config.classRows.flatMap { $0 == classes.count + 1 ? classes.count : nil } }

  /// The number of a class.
  /// - Parameter classifier: knows classes where the network is told none.
  /// - Throws: `GenerationError` that lists the names there are.
  public func index(of name: String, classifier: NoisyClassifier?) throws(GenerationError) -> Int {
    if classes.isEmpty {
      guard let classifier else {
        throw .badValue(name: "`class`", value: name, reason: "the model is told no classes; `classifier` can pull it")
      }
      return try classifier.index(of: name)
    }
    guard let index = classes.firstIndex(of: name) else {
      throw .badValue(name: "`class`", value: name, reason: "the model knows \(classes.joined(separator: ", "))")
    }
    return index
  }

  /// Throws for wishes the networks cannot follow.
  private func checkWish(_ wish: ClassWish?, count: Int) throws(GenerationError) {
    if network.config.classRows != nil, noClass == nil, (wish?.guidance.scale ?? 0) != 1 {
      throw .unsupported(
        what: "the model was always told a class: name one with `class`, and leave `cfg` at 1")
    }
    guard let wish else { return }
    precondition(wish.classes.count == count, "\(wish.classes.count) classes for \(count) pictures")
    guard wish.guidance.scale.isFinite, (0...10_000).contains(wish.guidance.scale) else {
      throw .badValue(name: "`cfg`", value: "\(wish.guidance.scale)", reason: "must be 0 to 10000")
    }
    try ClassGuidance.check("`classifier-scale`", wish.classifierScale)
    guard let classifier = wish.classifier else { return }
    try GuideFit.check(
      classifier.name, classifier.space, classifier.scheduler, guides: "the model", of: .pixels, scheduler)
    guard classes.isEmpty || classes == classifier.classes else {
      throw .unsupported(
        what: "\(classifier.name) knows other classes than the model, or in another order: "
          + classifier.classes.joined(separator: ", "))
    }
  }

  /// Makes one picture for each seed, `[B, H, W, C]` in about ±1.
  /// - Parameter wish: what they are to be of; nil tells the network nothing.
  public func generate(
    seeds: [UInt64], steps: Int, sampler: SamplerName = .ddpm, stream: RandomStream = .torch, wish: ClassWish? = nil,
    onStep: (SamplingStep) throws -> Void = { _ in }
  ) throws -> Tensor {
    try checkWish(wish, count: seeds.count)
    let sampler = sampler.make(scheduler, eta: 0)
    var noise = NoiseSource(stream, seeds: seeds)
    let side = network.config.sampleSize
    let plan = try sampler.plan(steps: steps)
    let start = noise.normal([seeds.count, side, side, network.config.inChannels])
    let gradients = GradientGuidance(Denoised(scheduler))
    func check(_ values: Tensor, _ stage: String, at step: Int) throws(GenerationError) {
      try Finiteness.check(values, "\(stage) at step \(step + 1) of \(plan.timesteps.count)") {
        Finiteness.large(values) ?? Finiteness.weights(of: "the U-Net", precision)
      }
    }
    return try sampler.sample(
      sampler.enter(start, plan: plan), plan: plan, noise: &noise,
      predict: { x, t, step in
        let output = predict(x, t, wish)
        try check(output, "the U-Net", at: step)
        guard let wish, let classifier = wish.classifier, wish.classifierScale != 0, gradients.factor(at: t) != 0 else {
          return output
        }
        let gradient = classifier.gradient(x, timestep: t, classes: wish.classes)
        let moved = gradients.moved(output, along: gradient, scale: wish.classifierScale, timestep: t)
        try check(moved, "the classifier", at: step)
        return moved
      },
      onStep: {
        try check($0.sample, "the sampler", at: $0.index)
        try onStep($0)
        return nil
      })
  }

  /// The network under classifier-free guidance.
  private func predict(_ x: Tensor, _ timestep: Float, _ wish: ClassWish?) -> Tensor {
    func run(_ x: Tensor, _ told: [Int]?) -> Tensor {
      ProductArithmetic.$current.withValue(precision.products) {
        network(
          x.cast(to: precision.dtype), timesteps: Array(repeating: timestep, count: x.shape[0]),
          NetworkConditioning(classes: told)
        ).cast(to: .f32)
      }
    }
    let count = x.shape[0]
    guard network.config.classRows != nil else { return run(x, nil) }
    let scale = wish?.guidance.scale ?? 0
    let nothing = noClass.map { Array(repeating: $0, count: count) }
    guard let nothing, scale != 1 else { return run(x, wish?.classes ?? nothing) }
    guard scale != 0, let wish else { return run(x, nothing) }
    let both = run(Tensor.concatenate([x, x], axis: 0), nothing + wish.classes)
    return wish.guidance.combine(
      unconditional: both.slice(axis: 0, from: 0, count: count),
      conditional: both.slice(axis: 0, from: count, count: count))
  }
}
