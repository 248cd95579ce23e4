import Checkpoints
import Diffusion
import Foundation
import Images
import TensorCore

/// Writes finished pictures with the settings that made them.
public struct PictureWriter: Sendable {
  /// What one picture was made of.
  public struct Settings: Sendable {
    public var prompt: String
    public var negativePrompt: String
    public var steps: Int
    public var sampler: String
    public var guidance: Guidance
    public var seed: UInt64
    public var stream: RandomStream
    public var width, height: Int
    public var clipSkip: Int?
    public var eta: Double
    public var model: String

    public init(_ request: GenerationRequest, index: Int, model: String) {
      prompt = request.prompts[index]
      negativePrompt = request.negativePrompt ?? ""
      steps = request.steps
      sampler = request.sampler.rawValue
      guidance = request.guidance
      seed = request.seeds[index]
      stream = request.stream
      (width, height) = (request.width, request.height)
      clipSkip = request.clipSkip
      eta = request.eta
      self.model = model
    }

    /// The parameters as the ecosystem writes them, AUTOMATIC1111's infotext.
    public var parameters: GenerationParameters {
      var fields: [(key: String, value: String)] = [
        ("Steps", "\(steps)"), ("Sampler", sampler.uppercased()),
        ("CFG scale", Self.short(guidance.scale)), ("Seed", "\(seed)"), ("Size", "\(width)x\(height)"),
        ("Model", model),
      ]
      if let clipSkip, clipSkip > 0 { fields.append(("Clip skip", "\(clipSkip + 1)")) }
      if eta > 0 { fields.append(("Eta", Self.short(Float(eta)))) }
      if guidance.rescale > 0 { fields.append(("CFG rescale", Self.short(guidance.rescale))) }
      fields.append(("RNG", stream == .nv ? "NV" : "CPU"))
      fields.append(("Version", "imago"))
      return GenerationParameters(
        prompt: prompt, negativePrompt: negativePrompt, fields: fields)
    }

    private static func short(_ value: Float) -> String {
      value == value.rounded() ? String(Int(value)) : String(value)
    }
  }

  public let format: OutputNaming.Format
  public let embedsParameters: Bool

  public init(format: OutputNaming.Format, embedsParameters: Bool) {
    self.format = format
    self.embedsParameters = embedsParameters
  }

  /// Writes picture `index` of a batch.
  public func write(
    _ batch: GeneratedBatch, index: Int, settings: Settings, to url: URL
  ) throws {
    let pixels = batch.pixels.slice(axis: 0, from: index, count: 1)
    switch format {
    case .png, .jpeg:
      let text =
        embedsParameters ? [(key: ImageFile.parametersKey, value: settings.parameters.format())] : []
      try ImageFile.save(ImageTensor.images(pixels)[0], to: url, text: text)
    case .safetensors:
      let unit = ImageTensor.unitValues(pixels)[0]
      let latents = batch.latents.slice(axis: 0, from: index, count: 1)
      let channelsFirst = latents.permuted([0, 3, 1, 2])
      try TensorFile.write(
        [("image_nhwc", Tensor(unit, shape: pixels.shape)), ("latents", channelsFirst)], to: url,
        metadata: embedsParameters ? [ImageFile.parametersKey: settings.parameters.format()] : [:])
    }
  }
}
