import Conditioning
import Diffusion
import Images
import TensorCore

/// A picture's sides in pixels.
public struct PixelSize: Sendable, Hashable {
  public var width, height: Int

  public init(width: Int, height: Int) { (self.width, self.height) = (width, height) }
}

/// A second pass at a larger size, from the first one's result: large pictures without doubled subjects.
public struct HiresFix: Sendable, Equatable {
  /// What enlarges the first result.
  public enum Upscaler: String, Sendable, CaseIterable {
    /// Latents, bilinear: needs a denoise of about 0.5 and more to become sharp.
    case latent
    /// The decoded picture, Lanczos, encoded again.
    case lanczos
  }

  /// How many times wider and higher; without meaning beside `resize`.
  public var scale: Double
  /// The size wanted in place of a scale: 0 for a side that follows the other. With both, the smallest enlargement that
  /// covers it is made and what juts out is cut off on both sides.
  public var resize: PixelSize?
  /// Steps of the second pass; nil for the first one's.
  public var steps: Int?
  /// What `steps` counts. With `.all` sizes are rounded as AUTOMATIC1111 rounds them, too.
  public var counting: StepCounting
  /// Strength of the second pass, 0 to 1.
  public var denoise: Double
  public var upscaler: Upscaler
  /// nil for the first pass's.
  public var sampler: SamplerName?
  /// Of the second pass; nil for the first one's if the sampler is, else for the model's own.
  public var schedule: ScheduleName?
  /// nil for the first pass's; its adapters must be the same.
  public var prompt, negativePrompt: String?
  /// Guidance scale; nil for the first pass's.
  public var cfg: Float?

  public init(
    scale: Double = 2, resize: PixelSize? = nil, steps: Int? = nil, counting: StepCounting = .share,
    denoise: Double = 0.7, upscaler: Upscaler = .latent
  ) {
    (self.scale, self.resize, self.steps, self.counting) = (scale, resize, steps, counting)
    (self.denoise, self.upscaler) = (denoise, upscaler)
  }

  /// The second pass of a request.
  /// - Parameter multiple: sides are multiples of this.
  func request(after first: GenerationRequest, multiple: Int) -> GenerationRequest {
    let size = enlargement(of: PixelSize(width: first.width, height: first.height), multiple: multiple).result
    var second = first
    (second.width, second.height) = (size.width, size.height)
    second.steps = stepCounts(after: first).planned
    second.hires = nil
    if let sampler {
      (second.sampler, second.schedule) = (sampler, schedule ?? (sampler == first.sampler ? first.schedule : nil))
    } else {
      second.schedule = schedule ?? first.schedule
    }
    if let prompt { second.prompts = first.prompts.map { _ in prompt } }
    second.negativePrompt = negativePrompt ?? first.negativePrompt
    second.guidance.scale = cfg ?? first.guidance.scale
    return second
  }

  /// Steps planned and run, and those prompts that change on the way count.
  public func stepCounts(after first: GenerationRequest) -> (planned: Int, run: Int, asked: Int) {
    let asked = steps ?? first.steps
    let counts = counting.counts(steps: asked, strength: denoise)
    return (counts.planned, counts.run, counting == .all ? asked : counts.planned)
  }

  /// What becomes of the first pass's size.
  public func enlargement(of first: PixelSize, multiple: Int) -> Enlargement {
    Enlargement(self, of: first, multiple: multiple)
  }

  /// The second pass's pixels for each of the first one's.
  public func growth(of first: GenerationRequest, multiple: Int) -> Double {
    let size = enlargement(of: PixelSize(width: first.width, height: first.height), multiple: multiple).result
    return Double(size.width) * Double(size.height) / (Double(first.width) * Double(first.height))
  }

  func validate(
    _ first: GenerationRequest, multiple: Int, trainSteps: Int
  ) throws(GenerationError) {
    if let resize {
      let sides = [resize.width, resize.height]
      guard sides.allSatisfy({ (0...GenerationRequest.longestSide).contains($0) }), sides.contains(where: { $0 > 0 })
      else {
        throw .badValue(
          name: "--hires-resize", value: "\(resize.width)x\(resize.height)",
          reason: "must be at most \(GenerationRequest.longestSide) pixels a side")
      }
    } else {
      guard scale.isFinite, scale >= 1,
        Double(max(first.width, first.height)) * scale <= Double(GenerationRequest.longestSide)
      else {
        throw .badValue(
          name: "--hires-scale", value: "\(scale)",
          reason: "must be at least 1, and give at most \(GenerationRequest.longestSide) pixels a side from "
            + "\(first.width)×\(first.height)")
      }
    }
    let size = enlargement(of: PixelSize(width: first.width, height: first.height), multiple: multiple).result
    guard size.width >= multiple, size.height >= multiple, max(size.width, size.height) <= GenerationRequest.longestSide
    else {
      throw .badValue(
        name: "--hires-resize", value: "\(resize?.width ?? 0)x\(resize?.height ?? 0)",
        reason: "makes \(size.width)×\(size.height) of \(first.width)×\(first.height); "
          + "sides must be \(multiple) to \(GenerationRequest.longestSide)")
    }
    if let steps, steps < 1 || steps > trainSteps {
      throw .badValue(name: "--hires-steps", value: "\(steps)", reason: GenerationRequest.stepsReason(trainSteps))
    }
    let steps = steps ?? first.steps
    let counts = counting.counts(steps: steps, strength: denoise)
    guard (0...1).contains(denoise), counts.run > 0 else {
      throw .badValue(
        name: "--hires-denoise", value: "\(denoise)",
        reason: "must be above 0, at most 1, and leave at least one of \(steps) steps to run")
    }
    guard counts.planned <= trainSteps else {
      throw .badValue(
        name: "--hires-denoise", value: "\(denoise)",
        reason: "makes \(steps) steps the last of \(counts.planned), at most \(trainSteps) are planned: "
          + "give fewer steps or more denoise")
    }
    if let cfg, !cfg.isFinite || cfg < 0 {
      throw .badValue(name: "--hires-cfg", value: "\(cfg)", reason: "must be 0 or more")
    }
    let second = request(after: first, multiple: multiple)
    do {
      try second.sampler.check(second.schedule)
    } catch {
      throw .unsupported(what: "second pass: \(error)")
    }
  }
}

/// How large the first result becomes, and what of it is kept (AUTOMATIC1111, modules/processing.py,
/// `calculate_target_resolution`).
public struct Enlargement: Sendable {
  /// What the first result is enlarged to: multiples of the model's.
  public let enlarged: PixelSize
  /// Pixels cut off on the left and at the top, multiples as well.
  public let cut: (left: Int, top: Int)
  /// What is left.
  public let result: PixelSize

  init(_ hires: HiresFix, of first: PixelSize, multiple: Int) {
    func floored(_ side: Int) -> Int { side / multiple * multiple }
    guard let wanted = hires.resize else {
      func side(_ side: Int) -> Int {
        let exact = Double(side) * hires.scale
        guard exact.isFinite, exact < 1e9 else { return 0 }
        return hires.counting == .all
          ? floored(Int(exact)) : max(Int((exact / Double(multiple)).rounded()), 1) * multiple
      }
      enlarged = PixelSize(width: side(first.width), height: side(first.height))
      (cut, result) = ((0, 0), enlarged)
      return
    }
    let byWidth = PixelSize(width: wanted.width, height: wanted.width * first.height / max(first.width, 1))
    let byHeight = PixelSize(width: wanted.height * first.width / max(first.height, 1), height: wanted.height)
    let covers = Double(first.width) / Double(first.height) < Double(wanted.width) / Double(max(wanted.height, 1))
    let full = wanted.height == 0 || (wanted.width != 0 && covers) ? byWidth : byHeight
    enlarged = PixelSize(width: floored(full.width), height: floored(full.height))
    func surplus(_ full: Int, _ wanted: Int) -> Int { wanted == 0 ? 0 : (full - wanted) / multiple }
    let (x, y) = (surplus(full.width, wanted.width), surplus(full.height, wanted.height))
    cut = (x / 2 * multiple, y / 2 * multiple)
    result = PixelSize(width: enlarged.width - x * multiple, height: enlarged.height - y * multiple)
  }
}

extension DenoisingRun {
  /// The second pass over the latents of the first. The noise starts anew from the seeds, as AUTOMATIC1111's does.
  func hiresLatents(
    _ hires: HiresFix, after latents: Tensor, onClean: CleanPreview?, onStep: (SamplingStep) throws -> Tensor?
  ) throws -> Tensor {
    let larger = try DenoisingRun(
      components, precision: precision, embeddings: embeddings, networks: networks,
      hires.request(after: request, multiple: components.sizeMultiple), after: promptSteps,
      promptStepsAsked: hires.stepCounts(after: request).asked)
    let shape = larger.latentShape
    let (downscale, size) = (
      components.autoencoder.downscale,
      hires.enlargement(
        of: PixelSize(width: request.width, height: request.height), multiple: components.sizeMultiple)
    )
    let clean: Tensor
    switch hires.upscaler {
    case .latent:
      let all = latents.resizedBilinear(
        height: size.enlarged.height / downscale, width: size.enlarged.width / downscale)
      clean = all.slice(axis: 1, from: size.cut.top / downscale, count: shape[1])
        .slice(axis: 2, from: size.cut.left / downscale, count: shape[2])
    case .lanczos:
      try components.autoencoder.requireEncoder()
      let pictures = try (0..<shape[0]).map { row in
        let small = try codec.decode(latents.slice(axis: 0, from: row, count: 1))
        let large = ImageTensor.images(small)[0].resized(
          width: size.enlarged.width, height: size.enlarged.height, filter: .lanczos3
        ).cropped(x: size.cut.left, y: size.cut.top, width: larger.request.width, height: larger.request.height)
        return codec.scaled(try codec.distribution(ImageTensor.pack([large])).mean)
      }
      clean = Tensor.concatenate(pictures, axis: 0)
    }
    var noise = NoiseSource(request.stream, seeds: request.seeds)
    let start = larger.request.startNoise(shape, from: &noise)
    let counts = hires.stepCounts(after: request)
    let plan = larger.plan.starting(at: counts.planned - counts.run)
    return try larger.run(
      from: larger.sampler.enter(start, clean: clean, plan: plan), plan: plan, noise: &noise,
      context: try larger.contextWithoutPicture(), onClean: onClean, onStep: onStep)
  }
}
