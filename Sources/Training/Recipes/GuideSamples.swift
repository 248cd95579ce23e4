import Diffusion
import Foundation
import Generation
import Models
import TensorCore

/// What the recipes of networks that look at noisy samples share: the samples.
struct GuideSamples {
  let source: CaptionedSamples
  let space: SampleSpace

  /// - Parameters:
  ///   - autoencoder: the folder of the one whose latents are looked at; nil for pixels.
  ///   - cache: where these are kept.
  ///   - mirrors: whether half of the pixel pictures are mirrored.
  ///   - heldBack: examples kept back for measuring.
  /// - Returns: nil if the run was told to stop while pictures were encoded.
  init?(
    _ data: DataRecipe, size: Int, autoencoder: String?, cache: String?, precision: Precision, mirrors: Bool,
    heldBack: Int, _ context: RunContext
  ) throws {
    if let autoencoder {
      let encoded = EncodedPictures(
        data: data, size: size, autoencoder: autoencoder, cache: cache ?? "", precision: precision)
      let network = try encoded.loadAutoencoder()
      guard let cache = try encoded.open(network, context) else { return nil }
      source = CaptionedSamples(content: .latents(cache), heldBack: heldBack)
      space = SampleSpace(of: .kl(network))
    } else {
      let pictures = try data.open(note: context.note)
      source = CaptionedSamples(content: .pixels(pictures, size: size, mirrors: mirrors), heldBack: heldBack)
      space = .pixels
    }
    try source.check()
  }

  /// What is wrong with the settings, as far as that shows without data.
  static func problem(
    _ data: DataRecipe, size: Int, encoder: EncoderUNet2DConfig, autoencoder: String?, cache: String?,
    mirrors: Bool, validation: Int, precision: Precision
  ) -> RecipeProblem? {
    let rules: [RecipeProblem.Rule] = [
      ((8...4096).contains(size), "size", "must be 8 to 4096"),
      ((1...100_000).contains(validation), "validation", "must be 1 to 100000"),
      (autoencoder == nil || cache != nil, "cache", "is missing: where the latents are kept"),
      (autoencoder != nil || cache == nil, "cache", "belongs to an autoencoder"),
      (autoencoder != nil || encoder.inChannels == 3, "encoder.in_channels", "must be 3 for pictures"),
      (autoencoder == nil || !mirrors, "mirror", "is for pictures; latents are not mirrored"),
    ]
    return data.problem ?? PrecisionProblem.of(precision) ?? RecipeProblem.first(rules)
  }
}

extension SampleNoising {
  /// - Parameter scheduler: nil for clean samples alone.
  init(_ scheduler: SchedulerConfig?, _ sampling: TimestepSampling?, _ precision: Precision) throws {
    var prediction = try scheduler.map { NoisePrediction(try $0.trainingSchedule, dtype: precision.dtype) }
    if let sampling { prediction?.timesteps = sampling }
    self.init(prediction: prediction, dtype: precision.dtype)
  }
}

extension EncoderUNet2DConfig {
  /// Throws unless samples have the channels the network reads.
  func check(_ space: SampleSpace, recipe: String) throws {
    guard inChannels == space.channels else {
      throw TrainingError.badRecipe(
        path: recipe, reason: "encoder.in_channels is \(inChannels), the samples have \(space.channels)")
    }
  }
}
