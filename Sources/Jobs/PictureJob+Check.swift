import Adapters
import Conditioning
import Diffusion
import Generation
import PromptLanguage

// What is wrong with settings, as far as that shows without a model or a picture. The same rules hold for flags, lines of
// prompt files and metadata.
extension PictureJob {
  /// Throws for values that no model can work with: the request's own checks, with what is not said taken so that it
  /// allows the most.
  public func checkValues() throws {
    for setting in Setting.all { try setting.check(self) }
    // What goes together is known once all layers are there.
    let choice = try sampler.map { try SamplerChoice($0, schedule: schedule) }
    if let schedule { _ = try ScheduleName(parsing: schedule) }
    let (leastSide, mostSteps) = (GenerationRequest.leastMultiple, 1000)
    var request = GenerationRequest(
      prompts: [prompt ?? "a"], steps: steps ?? mostSteps,
      guidance: Guidance(scale: cfg ?? 1, rescale: guidanceRescale ?? 0),
      sampler: choice?.sampler ?? .ddim, eta: eta ?? 0, seeds: [0], width: leastSide, height: leastSide)
    // A canvas that is only painted around its picture may have any size.
    if edit.resize != .outpaint { (request.width, request.height) = (width ?? leastSide, height ?? leastSide) }
    request.schedule = choice?.schedule
    if let variationStrength { request.variations = [SeedVariation(seed: 0, strength: variationStrength)] }
    if let blendShare { request.blends = [PromptBlend(prompt: "a", share: blendShare)] }
    request.hires = try hires()
    try request.validate(multiple: leastSide, trainSteps: .max)
    try edit.check()
    if let strength = edit.strength, let steps {
      try EditJob.checkRun(strength: strength, steps: steps, counting: edit.counting ?? .share)
    }
  }

  /// Throws for a setting of this layer that has nothing to act on.
  /// - Parameter whole: all layers over each other; this one alone where there is no other.
  public func checkUse(in whole: PictureJob) throws(JobError) {
    func idle(_ name: String, _ isSet: Bool, unless acts: Bool, _ needs: String) throws(JobError) {
      if isSet, !acts { throw .idle(name: name, needs: needs) }
    }
    let hasTags = [whole.prompt, whole.negativePrompt].contains { !Prompt($0 ?? "").tags.isEmpty }
    try idle(
      "`factored`", isFactored == true, unless: whole.loras != nil || hasTags, "an adapter: `lora` or <lora:NAME>")
    try idle("`styles-file`", stylesFile != nil, unless: whole.styles != nil, "`style` NAME")
    if let name = whole.sampler.flatMap({ try? SamplerChoice($0).sampler }), !name.takesEta {
      try idle("`eta`", (eta ?? 0) != 0, unless: false, "the sampler ddim or tcd; \(name.rawValue) has no use for it")
    }
    let isGuided = [whole.cfg ?? .infinity, whole.hiresCFG ?? 0].contains { $0 > 1 }
    try idle("`cfg-interval`", cfgInterval != nil, unless: isGuided, "guidance: a `cfg` above 1")
    try guides.checkUse(in: whole.guides)
    try edit.checkUse(in: whole.edit)
  }
}

extension EditJob {
  /// Throws for a setting of this layer that has nothing to act on.
  /// - Parameter whole: all layers over each other.
  func checkUse(in whole: EditJob) throws(JobError) {
    func idle(_ name: String, _ isSet: Bool, unless acts: Bool, _ needs: String) throws(JobError) {
      if isSet, !acts { throw .idle(name: name, needs: needs) }
    }
    let hasMask = whole.mask != nil || whole.outpaint != nil || whole.resize == .outpaint || whole.isEdit == true
    let needs = "a mask: `mask`, `outpaint` or `edit`"
    try idle("`mask-blur`", maskBlur != nil, unless: hasMask, needs)
    try idle("`inpaint-area`", area == .masked, unless: hasMask, needs)
    try idle("`masked-content`", content != nil, unless: hasMask, needs)
    try idle("`no-paste-back`", pastesBack == false, unless: hasMask, needs)
    try idle("`inpaint-padding`", padding != nil, unless: whole.area == .masked, "`inpaint-area` masked")
  }

  /// Throws where a strength leaves no step to run.
  static func checkRun(strength: Double, steps: Int, counting: StepCounting) throws(JobError) {
    guard counting.counts(steps: steps, strength: strength).run < 1 else { return }
    throw .badValue(
      name: "`strength`", value: "\(strength)",
      reason: "leaves none of \(steps) steps to run; give more `steps` or more strength")
  }
}
