import Conditioning
import Diffusion
import Models
import TensorCore

/// What text-to-image, image-to-image and edits share: prompts encoded once, steps planned once, and the sampler's way through
/// them under guidance.
struct DenoisingRun: Sendable {
  let components: PipelineComponents
  let precision: Precision
  /// Words that stand for vectors of their own.
  let embeddings: [TextualInversion]
  let networks: GuideNetworks
  let request: GenerationRequest
  let sampler: any Sampler
  /// The request's steps from noise on.
  let plan: SamplingPlan
  let conditioning: [PictureConditioning]
  let guides: GradientGuides
  /// Steps of prompts that change on the way. AUTOMATIC1111 counts calls of the network, and expects two in each step of
  /// a method of second order (modules/sd_samplers_cfg_denoiser.py, `SamplerData.total_steps`).
  let promptSteps: Int

  /// Encodes the texts of a request that was checked, each once.
  /// - Parameters:
  ///   - firstPass: in the second pass of a hires fix, the `promptSteps` of the first.
  ///   - promptStepsAsked: the steps prompts count in place of the request's.
  init(
    _ components: PipelineComponents, precision: Precision, embeddings: [TextualInversion] = [],
    networks: GuideNetworks = GuideNetworks(), _ request: GenerationRequest, after firstPass: Int? = nil,
    promptStepsAsked: Int? = nil
  ) throws {
    self.components = components
    self.precision = precision
    self.embeddings = embeddings
    self.networks = networks
    self.request = request
    sampler = request.sampler.make(
      components.scheduler, eta: request.eta, schedule: request.schedule, ays: components.ays)
    plan = try sampler.plan(steps: request.steps)
    let promptSteps = (promptStepsAsked ?? request.steps) * plan.order
    self.promptSteps = promptSteps
    guides = try networks.guides(for: request, components, promptSteps: promptSteps, after: firstPass)
    let encoder = PromptEncoder(
      components.text, TextReading(precision: precision, emphasis: request.emphasis, embeddings: embeddings))
    var known: [String: ConditioningPlan] = [:]
    func told(_ prompt: String) throws -> ConditioningPlan {
      if let found = known[prompt] { return found }
      let made = try encoder.plan(
        prompt: prompt, negative: request.negativePrompt, steps: promptSteps, after: firstPass,
        guidanceIsOn: request.guidance.isOn, clipSkip: request.clipSkip)
      known[prompt] = made
      return made
    }
    // A full-size text encoder's repacked weights would stay for nothing: all texts are encoded here.
    let isLarge = components.text.vectorWidths.contains { $0 >= 512 }
    conditioning = try DerivedForms.untilEnd(isLarge) {
      try request.prompts.enumerated().map { index, prompt in
        guard !request.blends.isEmpty else { return PictureConditioning(try told(prompt)) }
        let blend = request.blends[index]
        return try PictureConditioning(try told(prompt), towards: try told(blend.prompt), share: blend.share)
      }
    }
  }

  var codec: LatentCodec { LatentCodec(components.autoencoder, precision: precision) }

  /// Shape of the batch's latents.
  var latentShape: [Int] {
    let vae = components.autoencoder
    return [
      request.prompts.count, request.height / vae.downscale, request.width / vae.downscale,
      vae.latentChannels,
    ]
  }

  /// The network under guidance.
  func prediction(context: LatentContext = .none) -> GuidedPrediction {
    GuidedPrediction(
      network: components.network, precision: precision, guidance: request.guidance,
      conditioning: conditioning, context: context, guides: guides,
      denoised: Denoised(components.scheduler, as: request.sampler.prediction), width: request.width,
      height: request.height)
  }

  /// Runs the sampler over a plan from the sample it starts with.
  /// - Parameters:
  ///   - onClean: told after each step where the run seems to end.
  ///   - onStep: as the sampler's; may replace the sample, or throw `EarlyEnd`.
  func run(
    from start: Tensor, plan: SamplingPlan, noise: inout NoiseSource, context: LatentContext = .none,
    onClean: CleanPreview? = nil, onStep: (SamplingStep) throws -> Tensor?
  ) throws -> Tensor {
    let wanted = components.network.config.inChannels
    precondition(
      start.shape[3] + context.channels == wanted, "\(context.channels) further channels for \(wanted)")
    let predict = prediction(context: context)
    var calls = 0
    var seemed: Tensor?
    var last = LastPrediction(components.scheduler, sampler: request.sampler)
    do {
      return try sampler.sample(
        start, plan: plan, noise: &noise,
        predict: { sample, timestep, step in
          defer { calls += 1 }
          let place = "at step \(step + 1) of \(plan.timesteps.count)"
          let output = try predict(sample, timestep, call: calls, place: place)
          last.note(sample, timestep, output)
          return output
        },
        onStep: { step in
          try Finiteness.check(
            step.sample, "sampler \(request.sampler.rawValue) at step \(step.index + 1) of \(step.count)"
          ) {
            Finiteness.large(last.output ?? step.sample, guidance: request.guidance.scale)
              ?? "the sampler does not suit the model's noise schedule: give another `sampler`, `schedule` or `prediction`"
          }
          try onClean?(last.clean ?? step.sample, step)
          do {
            return try onStep(step)
          } catch let end as EarlyEnd {
            seemed = last.clean ?? step.sample
            throw end
          }
        })
    } catch let end as EarlyEnd {
      guard let seemed else { throw end }
      return seemed
    }
  }
}
