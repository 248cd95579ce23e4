import Conditioning
import DataSets
import Foundation
import Generation
import Images
import Models
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

  /// What was measured.
  public struct Result: Sendable {
    public let bands: [Band]
    /// Over all bands.
    public let mean: Estimate
    /// Pictures that were measured.
    public let pictures: Int
    /// What is wrong with the others, a line each.
    public let skipped: [String]
  }

  private let loss: ValidationLoss
  /// Where the pictures are, for messages.
  private let place: String

  /// - Parameters:
  ///   - side: pixels the middle square of each picture is brought to; nil for the model's size.
  ///   - count: pictures that are looked at.
  ///   - bands: of equal numbers of timesteps.
  public init(
    _ components: PipelineComponents, precision: Precision, data: FolderDataSet, side: Int?, count: Int, bands: Int
  ) throws {
    let side = side ?? components.defaultSize
    try GenerationRequest.checkSide("`resolution`", side, multiple: components.sizeMultiple)
    guard try components.knownKind() == .plain else {
      throw EvaluationError.cannot(
        "\(components.name): the loss is measured on plain text-to-image models, not on those that paint or follow instructions"
      )
    }
    let texts = try TextRows(components.text)
    let objective = LatentObjective(
      network: components.network, texts: texts,
      prediction: NoisePrediction(try components.scheduler.trainingSchedule, dtype: precision.dtype), groups: [])
    let codec = LatentCodec(components.autoencoder, precision: precision)
    loss = ValidationLoss(objective, pictures: min(count, data.count), levels: bands) { index in
      let example = try data.example(index, size: side)
      let encoded = try codec.distribution(ImageTensor.pack([example.image]))
      let text = try texts.encode(texts.tokens(example.caption).map { [$0] }, dtype: precision.dtype)
      return { random in
        let noise = encoded.deviation.map { random[0].normal($0.shape) } ?? .zeros(encoded.mean.shape)
        var batch = LatentBatch(latents: codec.sample(encoded, noise: noise), text: .encoded([text]))
        batch.sizes = [[side, side, 0, 0, side, side].map(Float.init)]
        return batch
      }
    }
    place = data.folder.path
  }

  /// Pictures that are looked at.
  public var pictures: Int { loss.pictures }

  /// - Parameters:
  ///   - team: those who look at a range of the pictures each.
  ///   - progress: told how many pictures are done; throw to stop.
  /// - Throws: `noData` if not one picture can be read.
  public func measure(
    _ resampling: Resampling, team: any WorkTeam = NoTeam(), progress: (_ done: Int) throws -> Void
  ) throws -> Result {
    let (values, skipped) = try ReadablePictures.map(loss.pictures, at: place, team, progress, loss.losses)
    let schedule = loss.objective.prediction.schedule
    let width = { (level: Int) in level * schedule.trainSteps / loss.levels }
    let bands = (0..<loss.levels).map { level in
      Band(
        from: width(level), to: width(level + 1) - 1, sigma: schedule.sigma(loss.timestep(level)),
        loss: resampling.mean(values.map { $0[level] }))
    }
    return Result(
      bands: bands, mean: resampling.mean(values.map { $0.reduce(0, +) / Double(loss.levels) }),
      pictures: values.count, skipped: skipped)
  }
}
