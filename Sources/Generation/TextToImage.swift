import Diffusion
import Models
import TensorCore

/// The result of one batch.
public struct GeneratedBatch: Sendable {
  /// Pictures in about ±1, `[B, H, W, 3]` float32.
  public let pixels: Tensor
  /// The last latents, `[B, h, w, C]`.
  public let latents: Tensor
}

/// From prompts to pictures (Rombach et al. 2022): encode the text, denoise latents under guidance, decode.
public struct TextToImage: Sendable {
  public let components: PipelineComponents
  public let precision: Precision

  public init(_ components: PipelineComponents, precision: Precision) {
    self.components = components
    self.precision = precision
  }

  /// Sides of pictures must be multiples of this: the autoencoder's scale, at least 8.
  public var sizeMultiple: Int { max(8, components.autoencoder.downscale) }

  /// Makes one batch of pictures.
  /// - Parameter onStep: called after each sampler step; throw to stop.
  public func generate(
    _ request: GenerationRequest, onStep: (SamplingStep) throws -> Void = { _ in }
  ) throws -> GeneratedBatch {
    let vae = components.autoencoder
    try request.validate(multiple: sizeMultiple, trainSteps: components.scheduler.trainSteps)
    let sampler = request.sampler.make(components.scheduler, eta: request.eta)
    var noise = NoiseSource(request.stream, seeds: request.seeds)
    let shape = [
      request.prompts.count, request.height / vae.downscale, request.width / vae.downscale,
      vae.config.latentChannels,
    ]
    let predict = try guidedPrediction(request)
    let plan = try sampler.plan(steps: request.steps)
    let start = sampler.enter(noise.normal(shape), plan: plan)
    let latents = try sampler.sample(
      start, plan: plan, noise: &noise, predict: predict,
      onStep: {
        try onStep($0)
        return nil
      })
    return GeneratedBatch(pixels: decode(latents), latents: latents)
  }

  /// Latents, scaled for diffusion, to pictures. One at a time: memory stays that of a single picture.
  public func decode(_ latents: Tensor) -> Tensor {
    let config = components.autoencoder.config
    let unscaled = latents.scaled(by: 1 / config.scalingFactor, plus: config.shiftFactor ?? 0)
    let pictures = (0..<latents.shape[0]).map { row in
      components.autoencoder.decode(
        unscaled.slice(axis: 0, from: row, count: 1).cast(to: precision.dtype)
      ).cast(to: .f32)
    }
    return Tensor.concatenate(pictures, axis: 0)
  }

  /// The U-Net with guidance, as the sampler sees it.
  ///
  /// Each picture is a call of its own with its two guidance rows, so that a picture never depends on its neighbours.
  private func guidedPrediction(_ request: GenerationRequest) throws -> ModelPrediction {
    let encoder = PromptEncoder(
      conditioners: components.conditioners, isXL: components.isXL, precision: precision)
    var known: [String: PromptConditioning] = [:]
    let conditional = try request.prompts.map { prompt in
      if let found = known[prompt] { return found }
      let made = try encoder.encode(prompt, clipSkip: request.clipSkip)
      known[prompt] = made
      return made
    }
    var unconditional: PromptConditioning?
    if request.guidance.isOn {
      // As in diffusers, layers are skipped for the prompt only.
      unconditional =
        request.negativePrompt == nil && components.zerosForEmptyPrompt
        ? PromptEncoder.zeros(like: conditional[0])
        : try encoder.encode(request.negativePrompt ?? "", clipSkip: nil)
    }
    let rows = conditional.map { Conditioned(unconditional, $0, request) }
    let (unet, dtype, guidance) = (components.unet, precision.dtype, request.guidance)
    return { sample, timestep, _ in
      let outputs = rows.enumerated().map { index, row in
        let x = sample.slice(axis: 0, from: index, count: 1).cast(to: dtype)
        let input = row.count == 1 ? x : Tensor.concatenate([x, x], axis: 0)
        let output = unet(
          input, timesteps: Array(repeating: timestep, count: row.count),
          encoderHiddenStates: row.context, added: row.added
        ).cast(to: .f32)
        guard row.count == 2 else { return output }
        return guidance.combine(
          unconditional: output.slice(axis: 0, from: 0, count: 1),
          conditional: output.slice(axis: 0, from: 1, count: 1))
      }
      return Tensor.concatenate(outputs, axis: 0)
    }
  }
}

/// The conditioning rows of one picture: the unconditional first, as diffusers orders them.
private struct Conditioned {
  let context: Tensor
  let added: AddedConditions?
  var count: Int { context.shape[0] }

  init(
    _ unconditional: PromptConditioning?, _ conditional: PromptConditioning,
    _ request: GenerationRequest
  ) {
    let rows = (unconditional.map { [$0] } ?? []) + [conditional]
    context = Tensor.concatenate(rows.map(\.context), axis: 0)
    let pooled = rows.compactMap(\.pooled)
    let (height, width) = (Float(request.height), Float(request.width))
    added =
      pooled.isEmpty
      ? nil
      : AddedConditions(
        pooledText: Tensor.concatenate(pooled, axis: 0),
        timeIDs: rows.map { _ in [height, width, 0, 0, height, width] })
  }
}
