import Conditioning
import Diffusion
import Models
import NN
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
  /// Words that stand for vectors of their own.
  public var embeddings: [TextualInversion] = []
  /// Networks that pull pictures towards a class or a text.
  public var networks = GuideNetworks()

  public init(_ components: PipelineComponents, precision: Precision) {
    self.components = components
    self.precision = precision
  }

  /// Sides of pictures must be multiples of this: the autoencoder's scale, at least 8.
  public var sizeMultiple: Int { components.sizeMultiple }

  /// What becomes of the words of a request where the text encoder says which ones it has learnt.
  /// - Returns: that for all its prompts, and the prompts of which nothing stays, each once.
  public func reading(_ request: GenerationRequest) throws -> (words: WordsRead, emptied: [String]) {
    let encoder = PromptEncoder(
      components.text, TextReading(precision: precision, emphasis: request.emphasis, embeddings: embeddings))
    let positive = request.prompts + request.blends.map(\.prompt) + [request.hires?.prompt].compactMap { $0 }
    let negative = [request.negativePrompt, request.hires?.negativePrompt].compactMap { $0 }
    var (words, emptied, seen) = (WordsRead(), [String](), Set<String>())
    for (text, isNegative) in positive.map({ ($0, false) }) + negative.map({ ($0, true) })
    where seen.insert("\(isNegative) \(text)").inserted {
      guard let known = try encoder.knownWords(in: text, isNegative: isNegative, steps: request.steps) else { continue }
      words = words + known
      if !isNegative, known.tokenCount == 0, !known.leftOut.isEmpty { emptied.append(text) }
    }
    return (words, emptied)
  }

  /// Makes one batch of pictures.
  /// - Parameters:
  ///   - onStep: called after each sampler step, of a second pass too; throw to stop.
  ///   - onClean: told before that where the run seems to end.
  public func generate(
    _ request: GenerationRequest, onStep: (SamplingStep) throws -> Void = { _ in }, onClean: CleanPreview? = nil
  ) throws -> GeneratedBatch {
    try components.check(request)
    return try ImageEdges.$current.withValue(request.isSeamless ? .wrapped : .zeros) {
      let run = try DenoisingRun(components, precision: precision, embeddings: embeddings, networks: networks, request)
      let goOn = { (step: SamplingStep) throws -> Tensor? in
        try onStep(step)
        return nil
      }
      var latents = try run.firstLatents(onClean: onClean, onStep: goOn)
      if let hires = request.hires {
        latents = try run.hiresLatents(hires, after: latents, onClean: onClean, onStep: goOn)
      }
      return GeneratedBatch(pixels: try run.codec.decode(latents), latents: latents)
    }
  }

  /// Latents drawn anew in the last of a request's steps: noised as far as these begin, and denoised from there (SDEdit, Meng et al. 2022).
  /// - Parameters:
  ///   - clean: `[B, h, w, C]`, scaled for diffusion; a row for each of the request's prompts, of the request's size.
  ///   - steps: how many; 1 to all of the request's.
  public func redrawn(_ clean: Tensor, last steps: Int, _ request: GenerationRequest) throws -> Tensor {
    try components.check(request)
    let run = try DenoisingRun(components, precision: precision, embeddings: embeddings, networks: networks, request)
    precondition(clean.shape == run.latentShape && (1...request.steps).contains(steps))
    let plan = run.plan.starting(at: request.steps - steps)
    var noise = NoiseSource(request.stream, seeds: request.seeds)
    let start = run.sampler.enter(request.startNoise(clean.shape, from: &noise), clean: clean, plan: plan)
    return try run.run(from: start, plan: plan, noise: &noise, onStep: { _ in nil })
  }

  /// Latents, scaled for diffusion, to pictures. One at a time: memory stays that of a single picture.
  /// - Throws: `GenerationError.notFinite`.
  public func decode(_ latents: Tensor) throws(GenerationError) -> Tensor {
    try LatentCodec(components.autoencoder, precision: precision).decode(latents)
  }
}

extension DenoisingRun {
  /// A run from noise alone.
  func firstLatents(onClean: CleanPreview?, onStep: (SamplingStep) throws -> Tensor?) throws -> Tensor {
    var noise = NoiseSource(request.stream, seeds: request.seeds)
    let start = sampler.enter(request.startNoise(latentShape, from: &noise), plan: plan)
    return try run(
      from: start, plan: plan, noise: &noise, context: try contextWithoutPicture(), onClean: onClean, onStep: onStep)
  }

  /// What an inpainting model is told when there is no picture: everything is to be painted, over plain grey.
  func contextWithoutPicture() throws -> LatentContext {
    let shape = latentShape
    switch try components.knownKind() {
    case .plain: return .none
    case .inpainting:
      try components.autoencoder.requireEncoder()
      let grey = Tensor.zeros([1, request.height, request.width, 3])
      let latents = codec.scaled(try codec.distribution(grey).mean)
      return .inpainting(
        mask: Tensor(repeating: 1, shape: Array(shape[..<3]) + [1]), masked: latents.broadcast(to: shape))
    case .instruction:
      throw GenerationError.unsupported(
        what: "\(components.name) changes pictures by instruction: it needs a picture, and `edit` TEXT with img2img")
    }
  }
}
