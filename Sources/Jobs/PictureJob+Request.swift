import Conditioning
import Diffusion
import Generation
import PromptLanguage

/// Where a picture stood in a batch that drew its noise from one generator.
public struct BatchPlace: Sendable, Equatable {
  /// From 0.
  public var position: Int
  public var size: Int

  public init(position: Int, size: Int) {
    (self.position, self.size) = (position, size)
  }
}

extension PictureJob {
  /// The one place where a job becomes a request: for the pictures with `seeds`, in one batch.
  /// - Throws: `JobError` for what this version has no code for, `GenerationError` for values that cannot work.
  public func request(_ components: PipelineComponents, seeds: [UInt64]) throws -> GenerationRequest {
    let prompt = prompt ?? ""
    try checkSupport()
    try components.checkClipSkip(clipSkip)
    let choice = try samplerChoice(components.scheduler)
    var request = GenerationRequest(
      prompts: seeds.map { _ in prompt }, negativePrompt: negativePrompt?.isEmpty == true ? nil : negativePrompt,
      steps: steps ?? 20, guidance: Guidance(scale: cfg ?? 7.5, rescale: guidanceRescale ?? 0, interval: cfgInterval),
      sampler: choice.sampler, eta: eta ?? 0, seeds: seeds, stream: stream ?? .torch,
      width: width ?? components.defaultSize, height: height ?? components.defaultSize,
      clipSkip: clipSkip == 0 ? nil : clipSkip)
    request.schedule = choice.schedule
    request.emphasis = emphasis ?? .original
    request.isSeamless = isSeamless ?? false
    request.variations = variations(seeds.count, first: seeds.first ?? 0)
    request.hires = try hires()
    (request.classGuidance, request.guideScale) = (guides.classGuidance, guides.contrastiveScale)
    try request.validate(multiple: components.sizeMultiple, trainSteps: components.scheduler.trainSteps)
    return request
  }

  /// Throws for what this version has no code for, for prompts beyond what is read, and for settings that do not go
  /// together.
  public func checkSupport() throws {
    try checkPrompts()
    if let tag = Prompt(prompt ?? "").tags.first(where: { $0.kind == "hypernet" }) {
      throw JobError.notInThisVersion(what: "\(tag) in the prompt")
    }
    if emphasis != Emphasis.none { for tag in Prompt(prompt ?? "").tags where tag.isAdapter { _ = try tag.adapter() } }
    if variationStrength == nil, variationSeed != nil {
      throw JobError.idle(name: "`variation-seed`", needs: "`variation-strength`, 0 to 1: how much of it is mixed in")
    }
    try checkHires()
    try checkStrip()
  }

  /// Throws for prompts beyond what is read.
  func checkPrompts() throws(PromptProblem) {
    let isLiteral = emphasis == Emphasis.none
    for text in [prompt, toPrompt, hiresPrompt].compactMap({ $0 }) {
      try PromptLimits.check(text, isLiteral: isLiteral)
    }
    for text in [negativePrompt, hiresNegativePrompt].compactMap({ $0 }) {
      try PromptLimits.check(text, isNegative: true, isLiteral: isLiteral)
    }
  }

  private func samplerChoice(_ config: SchedulerConfig) throws -> SamplerChoice {
    if let sampler { return try SamplerChoice(sampler, schedule: schedule) }
    guard config.isKnown else { throw SamplerError.unknownScheduler(className: config.className) }
    guard let own = SamplerName(config) else {
      throw GenerationError.unsupported(
        what: "the model's scheduler \(config.className) is not in this version: give `sampler`, such as "
          + config.usualSampler.rawValue)
    }
    return try SamplerChoice(own.rawValue, schedule: schedule)
  }

  /// As in AUTOMATIC1111, the second seed goes on with the pictures; without one, it is the first's neighbour.
  private func variations(_ count: Int, first: UInt64) -> [SeedVariation] {
    guard let strength = variationStrength, strength != 0 else { return [] }
    return (0..<count).map { index in
      SeedVariation(seed: (variationSeed ?? first &+ 1) &+ UInt64(index), strength: strength)
    }
  }
}
