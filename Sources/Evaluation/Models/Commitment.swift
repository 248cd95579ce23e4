import Conditioning
import Diffusion
import Foundation
import Generation
import Images
import Models
import Randomness
import TensorCore
import Training

/// How far a model commits itself between two pictures that its caption fits equally well (`PairCommitment`), at several
/// noise levels, with intervals.
public struct Commitment {
  /// At one noise level.
  public struct Level: Encodable, Sendable {
    public let sigma: Double
    public let timestep: Int
    public let found: Estimate
    /// The exact posterior's.
    public let possible: Double
  }

  private let objective: LatentObjective
  private let codec: LatentCodec
  /// Pairs that go through the network together.
  private static let batch = 16

  public init(_ components: PipelineComponents, precision: Precision) throws {
    guard try components.knownKind() == .plain else {
      throw EvaluationError.cannot(
        "\(components.name): commitment is measured on plain text-to-image models, not on those that paint or follow instructions"
      )
    }
    let texts = try TextRows(components.text)
    guard texts.encoderCount == 1 else {
      throw EvaluationError.cannot("\(components.name): commitment is measured on models with one text encoder")
    }
    objective = LatentObjective(
      network: components.network, texts: texts,
      prediction: NoisePrediction(try components.scheduler.trainingSchedule, dtype: precision.dtype), groups: [])
    codec = LatentCodec(components.autoencoder, precision: precision)
  }

  /// - Parameters:
  ///   - sigmas: noise levels in units of the clean latents'.
  ///   - progress: told how many calls of the network are done; throw to stop.
  public func measure(
    _ pairs: [PicturePairs.Pair], sigmas: [Double], _ resampling: Resampling, progress: (_ done: Int) throws -> Void
  ) throws -> [Level] {
    func latents(_ images: [Image]) throws -> Tensor {
      .concatenate(
        try images.map { codec.scaled(try codec.distribution(ImageTensor.pack([$0])).mean) }, axis: 0)
    }
    let (z, f) = (try latents(pairs.map(\.first)), try latents(pairs.map(\.second)))
    guard z.shape[1] % 2 == 0, z.shape[2] % 2 == 0 else {
      throw EvaluationError.cannot("latents of \(z.shape[1])×\(z.shape[2]) cannot be halved")
    }
    let schedule = objective.prediction.schedule
    let texts = try pairs.map {
      try objective.texts.encode(objective.texts.tokens($0.caption).map { [$0] }, dtype: objective.prediction.dtype)
    }
    var generator = TorchGenerator(seed: 1)
    var done = 0
    return try sigmas.map { sigma in
      let timestep = Self.timestep(sigma, schedule)
      let shape = [z.shape[0], z.shape[3], z.shape[1], z.shape[2]]
      let noise = Tensor(channelsFirst: generator.normals(z.count), shape: shape)
      let measured = try PairCommitment(seen: z, others: f, noise: noise, schedule: schedule, timestep: timestep) { x in
        var parts: [Tensor] = []
        for start in stride(from: 0, to: pairs.count, by: Self.batch) {
          let count = min(Self.batch, pairs.count - start)
          parts.append(
            objective.predict(
              x.slice(axis: 0, from: start, count: count).cast(to: objective.prediction.dtype),
              timesteps: Array(repeating: Float(timestep), count: count),
              text: .joined(Array(texts[start..<(start + count)]))
            ).cast(to: .f32))
          done += 1
          try progress(done)
        }
        return .concatenate(parts, axis: 0)
      }
      let found = resampling.bootstrap(count: pairs.count) { places in
        places.reduce(0) { $0 + measured.ways[$1] } / places.reduce(0) { $0 + measured.squares[$1] }
      }
      return Level(sigma: schedule.sigma(timestep), timestep: timestep, found: found, possible: measured.bound)
    }
  }

  /// The training timestep whose noise level is nearest.
  private static func timestep(_ sigma: Double, _ schedule: NoiseSchedule) -> Int {
    (0..<schedule.trainSteps).min { abs(schedule.sigma($0) - sigma) < abs(schedule.sigma($1) - sigma) } ?? 0
  }
}
