import Conditioning
import Diffusion
import PromptLanguage

/// Everything that decides a batch of pictures. Values are checked before any arithmetic starts.
public struct GenerationRequest: Sendable, Equatable {
  /// One text for each picture.
  public var prompts: [String]
  /// nil means no negative prompt was given.
  public var negativePrompt: String?
  public var steps: Int
  public var guidance: Guidance
  public var sampler: SamplerName
  /// Spacing of the noise levels; nil for the model's own.
  public var schedule: ScheduleName?
  public var eta: Double
  /// One seed for each picture.
  public var seeds: [UInt64]
  public var stream: RandomStream
  public var width: Int
  public var height: Int
  /// Layers of the text encoder that are skipped, as diffusers counts; nil for the model's default.
  public var clipSkip: Int?
  /// What weights of words in the prompts do.
  public var emphasis = Emphasis.original
  /// Second seeds mixed into the start noise: none, or one for each picture.
  public var variations: [SeedVariation] = []
  /// Second prompts mixed into the first: none, or one for each picture.
  public var blends: [PromptBlend] = []
  /// Whether pictures fit together without seams when laid side by side.
  public var isSeamless = false
  /// A second pass at a larger size; nil for none.
  public var hires: HiresFix?
  /// What a classifier pulls the pictures towards; nil for nothing.
  public var classGuidance: ClassGuidance?
  /// How strongly a contrastive model pulls the pictures towards their prompts; nil for not at all.
  public var guideScale: Float?

  public init(
    prompts: [String], negativePrompt: String? = nil, steps: Int, guidance: Guidance,
    sampler: SamplerName, eta: Double = 0, seeds: [UInt64], stream: RandomStream = .torch, width: Int,
    height: Int, clipSkip: Int? = nil
  ) {
    self.prompts = prompts
    self.negativePrompt = negativePrompt
    self.steps = steps
    self.guidance = guidance
    self.sampler = sampler
    self.eta = eta
    self.seeds = seeds
    self.stream = stream
    self.width = width
    self.height = height
    self.clipSkip = clipSkip
  }

  /// Sides are multiples of this whatever the model.
  public static let leastMultiple = 8

  /// Throws if a value cannot work with a model.
  /// - Parameters:
  ///   - multiple: sides must be multiples of this many pixels.
  ///   - trainSteps: timesteps the model was trained on.
  public func validate(multiple: Int, trainSteps: Int) throws(GenerationError) {
    try Self.checkSide("`width`", width, multiple: multiple)
    try Self.checkSide("`height`", height, multiple: multiple)
    guard steps > 0, steps <= trainSteps else {
      throw .badValue(name: "`steps`", value: "\(steps)", reason: Self.stepsReason(trainSteps))
    }
    guard guidance.scale.isFinite, guidance.scale >= 0 else {
      throw .badValue(name: "`cfg`", value: "\(guidance.scale)", reason: "must be a number, not negative")
    }
    guard (0...1).contains(guidance.rescale) else {
      throw .badValue(name: "`guidance-rescale`", value: "\(guidance.rescale)", reason: "must be 0 to 1")
    }
    if let classGuidance { try ClassGuidance.check("`classifier-scale`", classGuidance.scale) }
    if let guideScale { try ClassGuidance.check("`guide-scale`", guideScale) }
    guard (0...1).contains(eta) else {
      throw .badValue(name: "`eta`", value: "\(eta)", reason: "must be 0 to 1")
    }
    do {
      try sampler.check(schedule)
    } catch {
      throw .unsupported(what: "\(error)")
    }
    guard prompts.count == seeds.count, !prompts.isEmpty else {
      throw .badValue(
        name: "seeds", value: "\(seeds.count)", reason: "one is needed for each of \(prompts.count) prompts")
    }
    try checkPrompts()
    try validateMixtures()
    try hires?.validate(self, multiple: multiple, trainSteps: trainSteps)
  }

  /// What steps must be; the model's number is `Int.max` where it is not known.
  static func stepsReason(_ trainSteps: Int) -> String {
    trainSteps == .max ? "must be 1 or more" : "must be 1 to \(trainSteps)"
  }

  private func validateMixtures() throws(GenerationError) {
    for (name, count) in [("`variation-seed`", variations.count), ("second prompts", blends.count)]
    where count != 0 && count != prompts.count {
      throw .badValue(
        name: name, value: "\(count)", reason: "one is needed for each of \(prompts.count) pictures")
    }
    for variation in variations where !(0...1).contains(variation.strength) {
      throw .badValue(name: "`variation-strength`", value: "\(variation.strength)", reason: "must be 0 to 1")
    }
    for blend in blends where !(0...1).contains(blend.share) {
      throw .badValue(name: "the share of a second prompt", value: "\(blend.share)", reason: "must be 0 to 1")
    }
  }

  /// Largest side of a picture, in pixels.
  public static let longestSide = 8192

  /// Throws unless a side in pixels can work.
  public static func checkSide(_ name: String, _ value: Int, multiple: Int) throws(GenerationError) {
    let longest = longestSide / multiple * multiple
    guard value >= multiple, value <= longest else {
      throw .badValue(name: name, value: "\(value)", reason: "must be \(multiple) to \(longest) pixels")
    }
    guard value % multiple == 0 else {
      throw .badValue(
        name: name, value: "\(value)",
        reason: "must be a multiple of \(multiple); try \(min((value + multiple / 2) / multiple * multiple, longest))")
    }
  }

  /// Throws for texts beyond what prompts may hold.
  private func checkPrompts() throws(GenerationError) {
    let isLiteral = emphasis == .none
    let positive = Set(prompts + blends.map(\.prompt) + [hires?.prompt].compactMap { $0 })
    let negative = Set([negativePrompt, hires?.negativePrompt].compactMap { $0 })
    do {
      for text in positive { try PromptLimits.check(text, isLiteral: isLiteral) }
      for text in negative { try PromptLimits.check(text, isNegative: true, isLiteral: isLiteral) }
    } catch {
      throw .unsupported(what: "\(error)")
    }
  }
}
