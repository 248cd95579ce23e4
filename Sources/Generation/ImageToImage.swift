import Conditioning
import Diffusion
import Models
import NN
import TensorCore

/// From a picture and words to a changed picture: the picture's latents are noised part of the way and denoised again under
/// the prompt (SDEdit, Meng et al. 2022), inside a mask if there is one.
///
/// Random numbers are drawn in the order of diffusers' pipelines: the encoder's, the start noise, the masked picture's.
public struct ImageToImage: Sendable {
  public let components: PipelineComponents
  public let precision: Precision
  /// Words that stand for vectors of their own.
  public var embeddings: [TextualInversion] = []
  /// Networks that pull pictures towards a class or a text.
  public var networks = GuideNetworks()

  public init(_ components: PipelineComponents, precision: Precision) {
    self.components = components
    self.precision = precision
  }

  /// Makes one batch of changed pictures.
  /// - Parameters:
  ///   - onStep: called after each sampler step with the latents as they go on; throw to stop.
  ///   - onClean: told before that where the run seems to end.
  public func generate(
    _ request: ImageToImageRequest, onStep: (SamplingStep, _ latents: Tensor) throws -> Void = { _, _ in },
    onClean: CleanPreview? = nil
  ) throws -> GeneratedBatch {
    try request.validate()
    try components.autoencoder.requireEncoder()
    let kind = try components.knownKind()
    try components.check(request.generation)
    return try ImageEdges.$current.withValue(request.generation.isSeamless ? .wrapped : .zeros) {
      let run = try DenoisingRun(
        components, precision: precision, embeddings: embeddings, networks: networks, request.generation)
      let latents = try Redrawing(run, request, kind: kind).latents(onClean: onClean, onStep: onStep)
      return GeneratedBatch(pixels: request.canvas.finished(try run.codec.decode(latents)), latents: latents)
    }
  }
}

/// One batch of image to image on the way.
private struct Redrawing {
  let run: DenoisingRun
  let plan: SamplingPlan
  /// The picture's latents for each row; nil where only noise is needed.
  let clean: Tensor?
  /// The noise the run starts from, which also noises what the mask keeps.
  let startNoise: Tensor
  let start: Tensor
  let context: LatentContext
  /// 1 = repaint, `[1, h, w, 1]`, where the sampler must be held to the picture.
  let held: Tensor?
  /// As far as the start has drawn from it.
  let noise: NoiseSource

  init(_ run: DenoisingRun, _ request: ImageToImageRequest, kind: PipelineComponents.Kind) throws {
    let (codec, generation, canvas) = (run.codec, request.generation, request.canvas)
    let (shape, sampler) = (run.latentShape, run.sampler)
    let counts = request.counting.counts(steps: generation.steps, strength: request.strength)
    let isInstruction = kind == .instruction
    let full =
      isInstruction || counts.planned == generation.steps ? run.plan : try sampler.plan(steps: counts.planned)
    // AUTOMATIC1111 adds the noise to the picture at full strength too.
    let isPure =
      isInstruction || (canvas.workingMask != nil && request.strength == 1 && request.counting == .share)
    let plan = isInstruction ? full : full.starting(at: counts.planned - counts.run)
    var noise = NoiseSource(generation.stream, seeds: generation.seeds)
    /// One draw for the picture all rows share if they share a generator, else one for each.
    func posteriorNoise() -> Tensor {
      let rows = generation.stream == .torchBatch ? 1 : shape[0]
      // An encoder without a distribution takes no numbers from the generator.
      if codec.autoencoder.isDeterministic { return .zeros([rows] + Array(shape[1...])) }
      return noise.normal([rows] + Array(shape[1...]))
    }
    let picture = ImageTensor.pack([canvas.working])
    let mask = canvas.workingMask?.latents(downscale: run.components.autoencoder.downscale)
    var clean: Tensor?
    switch kind {
    case .instruction: clean = codec.scaled(try codec.distribution(picture).mean).broadcast(to: shape)
    case .inpainting where isPure: break
    case .plain, .inpainting:
      clean = codec.sample(try codec.distribution(picture), noise: posteriorNoise()).broadcast(to: shape)
    }
    let first = generation.startNoise(shape, from: &noise)
    switch kind {
    case .plain:
      context = .none
      // The reference's pipeline encodes the masked picture for every model; its draw counts, its result does not.
      if mask != nil { _ = posteriorNoise() }
    case .inpainting:
      let wanted = canvas.workingMask ?? Mask(width: canvas.width, height: canvas.height, filledWith: 255)
      let masked = try codec.distribution(picture * wanted.kept)
      context = .inpainting(
        mask: (mask ?? Tensor(repeating: 1, shape: [1] + shape[1...2] + [1])).broadcast(to: shape[..<3] + [1]),
        masked: codec.sample(masked, noise: posteriorNoise()).broadcast(to: shape))
    case .instruction:
      // Brooks et al. give the U-Net the unscaled mean.
      let mean = try codec.distribution(picture).mean
      context = .instruction(picture: mean.broadcast(to: shape), guidance: request.imageGuidance)
    }
    let content = Self.content(clean, under: mask, as: canvas.content, noise: first)
    start = isPure ? sampler.enter(first, plan: plan) : sampler.enter(first, clean: content, plan: plan)
    held = kind == .inpainting ? nil : mask
    (self.run, self.plan, self.clean, startNoise, self.noise) = (run, plan, clean, first, noise)
  }

  /// The latents to start from, replaced under the mask where that is asked for.
  private static func content(
    _ clean: Tensor?, under mask: Tensor?, as content: MaskedContent, noise: Tensor
  ) -> Tensor? {
    guard let clean, let mask else { return clean }
    switch content {
    case .original, .fill: return clean
    case .nothing: return clean * (1 - mask)
    case .noise: return clean * (1 - mask) + noise * mask
    }
  }

  func latents(onClean: CleanPreview?, onStep: (SamplingStep, Tensor) throws -> Void) throws -> Tensor {
    var noise = noise
    return try run.run(
      from: start, plan: plan, noise: &noise, context: context, onClean: onClean,
      onStep: { step in
        var latents = step.sample
        if let held, let clean {
          let kept = clean.scaled(
            by: Float(step.level.signal), adding: startNoise, times: Float(step.level.noise))
          latents = latents * held + kept * (1 - held)
        }
        try onStep(step, latents)
        return latents
      })
  }
}
