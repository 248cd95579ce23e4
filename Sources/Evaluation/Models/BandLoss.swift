import DataSets
import Foundation
import Generation
import Images
import TensorCore
import Training

/// A text-to-image model's loss on captioned pictures, by bands of timesteps.
public struct BandLoss {
  /// The loss around one timestep.
  public struct Band: Encodable, Sendable {
    /// Timesteps of the band.
    public let from, to: Int
    /// The noise level in the middle, in units of the clean latents'.
    public let sigma: Double
    public let loss: Estimate
  }

  private let loss: ValidationLoss

  /// - Parameters:
  ///   - side: pixels the middle square of each picture is brought to; nil for the model's size.
  ///   - count: pictures that are looked at.
  ///   - bands: of equal numbers of timesteps.
  public init(
    _ components: PipelineComponents, precision: Precision, data: FolderDataSet, side: Int?, count: Int, bands: Int
  ) throws {
    let side = side ?? components.defaultSize
    try GenerationRequest.checkSide("`resolution`", side, multiple: components.sizeMultiple)
    let texts = TextRows(components.conditioners, isXL: components.isXL)
    let objective = LatentObjective(
      unet: components.unet, texts: texts,
      prediction: NoisePrediction(try components.scheduler.trainingSchedule, dtype: precision.dtype), groups: [])
    let codec = LatentCodec(components.autoencoder, precision: precision)
    loss = ValidationLoss(objective, pictures: min(count, data.count), levels: bands) { index, random in
      let example = try data.example(index, size: side)
      let encoded = try codec.distribution(ImageTensor.pack([example.image]))
      let noise = encoded.deviation.map { random[0].normal($0.shape) } ?? .zeros(encoded.mean.shape)
      let rows = texts.tokens(example.caption).map { [$0] }
      var batch = LatentBatch(
        latents: codec.sample(encoded, noise: noise),
        text: .encoded([try texts.encode(rows, dtype: precision.dtype)]))
      batch.sizes = [[side, side, 0, 0, side, side].map(Float.init)]
      return batch
    }
  }

  public var pictures: Int { loss.pictures }

  /// - Parameter progress: told how many pictures are done; throw to stop.
  /// - Returns: each band, and the mean over all of them.
  public func measure(
    _ resampling: Resampling, progress: (_ done: Int) throws -> Void
  ) throws -> (bands: [Band], mean: Estimate) {
    let values = try (0..<loss.pictures).map { picture in
      let losses = try loss.losses(picture)
      try progress(picture + 1)
      return losses
    }
    let schedule = loss.objective.prediction.schedule
    let width = { (level: Int) in level * schedule.trainSteps / loss.levels }
    let bands = (0..<loss.levels).map { level in
      Band(
        from: width(level), to: width(level + 1) - 1, sigma: schedule.sigma(loss.timestep(level)),
        loss: resampling.mean(values.map { $0[level] }))
    }
    return (bands, resampling.mean(values.map { $0.reduce(0, +) / Double(loss.levels) }))
  }
}
