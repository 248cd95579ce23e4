import Diffusion
import Images
import TensorCore

/// A second pass at a larger size, from the first one's result: large pictures without doubled subjects.
public struct HiresFix: Sendable, Equatable {
  /// What enlarges the first result.
  public enum Upscaler: String, Sendable, CaseIterable {
    /// Latents, bilinear: needs a denoise of about 0.5 and more to become sharp.
    case latent
    /// The decoded picture, Lanczos, encoded again.
    case lanczos
  }

  /// How many times wider and higher.
  public var scale: Double
  /// Steps of the second pass; nil for the first one's.
  public var steps: Int?
  /// Strength of the second pass, 0 to 1.
  public var denoise: Double
  public var upscaler: Upscaler

  public init(scale: Double = 2, steps: Int? = nil, denoise: Double = 0.7, upscaler: Upscaler = .latent) {
    (self.scale, self.steps, self.denoise, self.upscaler) = (scale, steps, denoise, upscaler)
  }

  /// The second pass of a request.
  /// - Parameter multiple: sides are rounded to multiples of this.
  func request(after first: GenerationRequest, multiple: Int) -> GenerationRequest {
    func enlarged(_ side: Int) -> Int {
      max(Int((Double(side) * scale / Double(multiple)).rounded()), 1) * multiple
    }
    var second = first
    (second.width, second.height) = (enlarged(first.width), enlarged(first.height))
    second.steps = steps ?? first.steps
    second.hires = nil
    return second
  }

  func validate(
    _ first: GenerationRequest, multiple: Int, trainSteps: Int
  ) throws(GenerationError) {
    guard scale.isFinite, scale >= 1, Double(max(first.width, first.height)) * scale <= 8192 else {
      throw .badValue(
        name: "--hires-scale", value: "\(scale)",
        reason: "must be at least 1, and give at most 8192 pixels a side from \(first.width)×\(first.height)")
    }
    if let steps, steps < 1 || steps > trainSteps {
      throw .badValue(name: "--hires-steps", value: "\(steps)", reason: "must be 1 to \(trainSteps)")
    }
    let steps = steps ?? first.steps
    guard (0...1).contains(denoise), ImageToImageRequest.stepsRun(steps, strength: denoise) > 0 else {
      throw .badValue(
        name: "--hires-denoise", value: "\(denoise)",
        reason: "must be above 0, at most 1, and leave at least one of \(steps) steps to run")
    }
  }
}

extension Denoiser {
  /// The second pass over the latents of the first. The noise starts anew from the seeds, as AUTOMATIC1111's does.
  func hiresLatents(
    _ hires: HiresFix, after latents: Tensor, onClean: CleanPreview?, onStep: (SamplingStep) throws -> Tensor?
  ) throws -> Tensor {
    let larger = try Denoiser(
      components, precision: precision, embeddings: embeddings,
      hires.request(after: request, multiple: components.sizeMultiple), after: promptSteps)
    let shape = larger.latentShape
    let clean: Tensor
    switch hires.upscaler {
    case .latent: clean = latents.resizedBilinear(height: shape[1], width: shape[2])
    case .lanczos:
      try components.autoencoder.requireEncoder()
      let pictures = try (0..<shape[0]).map { row in
        let small = try codec.decode(latents.slice(axis: 0, from: row, count: 1))
        let large = ImageTensor.images(small)[0].resized(
          width: larger.request.width, height: larger.request.height, filter: .lanczos3)
        return codec.scaled(try codec.distribution(ImageTensor.pack([large])).mean)
      }
      clean = Tensor.concatenate(pictures, axis: 0)
    }
    var noise = NoiseSource(request.stream, seeds: request.seeds)
    let start = larger.request.startNoise(shape, from: &noise)
    let plan = try larger.sampler.plan(steps: larger.request.steps).starting(strength: hires.denoise)
    return try larger.run(
      from: larger.sampler.enter(start, clean: clean, plan: plan), plan: plan, noise: &noise,
      context: try larger.contextWithoutPicture(), onClean: onClean, onStep: onStep)
  }
}

extension Tensor {
  /// `[B, H, W, C]` at a larger size, bilinear between pixel centres, the outermost pixels repeated.
  func resizedBilinear(height: Int, width: Int) -> Tensor {
    let (oldHeight, oldWidth, channels) = (shape[1], shape[2], shape[3])
    let values = floats()
    func taps(_ position: Int, _ old: Int, _ new: Int) -> (low: Int, high: Int, share: Float) {
      let exact = max((Float(position) + 0.5) * Float(old) / Float(new) - 0.5, 0)
      let low = min(Int(exact), old - 1)
      return (low, min(low + 1, old - 1), exact - Float(low))
    }
    let columns = (0..<width).map { taps($0, oldWidth, width) }
    return Tensor(shape: [shape[0], height, width, channels], device: device) { out in
      var position = 0
      for row in 0..<shape[0] {
        for y in 0..<height {
          let (top, bottom, down) = taps(y, oldHeight, height)
          let upper = (row * oldHeight + top) * oldWidth
          let lower = (row * oldHeight + bottom) * oldWidth
          for (left, right, across) in columns {
            for c in 0..<channels {
              func at(_ line: Int, _ column: Int) -> Float { values[(line + column) * channels + c] }
              let above = at(upper, left) + (at(upper, right) - at(upper, left)) * across
              let below = at(lower, left) + (at(lower, right) - at(lower, left)) * across
              out[position] = above + (below - above) * down
              position += 1
            }
          }
        }
      }
    }
  }
}
