import Diffusion
import Foundation
import Generation
import Images
import Randomness
import TensorCore
import Training

/// How far a model commits itself between two pictures that its caption fits equally well.
///
/// For a pair with latents Z and F, noise is put on Z. With `M = (Z + F) / 2` and `D = (Z − F) / 2` without fine detail, the
/// clean estimate's way from the mean of both is `⟨x̂₀ − M, D⟩ / ⟨D, D⟩`: 1 if the model knows which one it sees, 0 if it draws
/// the mean of both. What the exact two-way posterior would do is `tanh(α / σ² ⟨x − αM, D⟩)`.
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
    let texts = TextRows(components.conditioners, isXL: components.isXL)
    guard !components.isXL else {
      throw EvaluationError.cannot("\(components.name): commitment is measured on models with one text encoder")
    }
    objective = LatentObjective(
      unet: components.unet, texts: texts,
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
    let (middle, half) = ((z + f) * 0.5, Self.lowPassed((z - f) * 0.5))
    let squares = Self.rowSums(half.squared)
    let texts = try pairs.map {
      try objective.texts.encode(objective.texts.tokens($0.caption).map { [$0] }, dtype: objective.prediction.dtype)
    }
    var generator = TorchGenerator(seed: 1)
    var done = 0
    return try sigmas.map { sigma in
      let timestep = Self.timestep(sigma, schedule)
      let signal = schedule.alphasCumprod[timestep].squareRoot()
      let deviation = (1 - schedule.alphasCumprod[timestep]).squareRoot()
      let shape = [z.shape[0], z.shape[3], z.shape[1], z.shape[2]]
      let noise = Tensor(channelsFirst: generator.normals(z.count), shape: shape)
      let x = z * signal + noise * deviation
      var estimates: [Tensor] = []
      for start in stride(from: 0, to: pairs.count, by: Self.batch) {
        let count = min(Self.batch, pairs.count - start)
        let part = x.slice(axis: 0, from: start, count: count)
        let said = objective.predict(
          part.cast(to: objective.prediction.dtype), timesteps: Array(repeating: Float(timestep), count: count),
          text: .joined(Array(texts[start..<(start + count)]))
        ).cast(to: .f32)
        switch schedule.predictionType {
        case .velocity: estimates.append(part * signal - said * deviation)
        case .epsilon: estimates.append((part - said * deviation) * (1 / max(signal, 1e-6)))
        case .sample: estimates.append(said)
        }
        done += 1
        try progress(done)
      }
      let way = Self.rowSums((.concatenate(estimates, axis: 0) - middle) * half)
      let evidence = Self.rowSums((x - middle * signal) * half)
      let possible = zip(evidence, squares).reduce(0) {
        $0 + tanh(Double(signal) / Double(deviation * deviation) * $1.0) * $1.1
      }
      let found = resampling.bootstrap(count: pairs.count) { places in
        places.reduce(0) { $0 + way[$1] } / places.reduce(0) { $0 + squares[$1] }
      }
      return Level(
        sigma: schedule.sigma(timestep), timestep: timestep, found: found, possible: possible / squares.reduce(0, +))
    }
  }

  /// The training timestep whose noise level is nearest.
  private static func timestep(_ sigma: Double, _ schedule: NoiseSchedule) -> Int {
    (0..<schedule.trainSteps).min { abs(schedule.sigma($0) - sigma) < abs(schedule.sigma($1) - sigma) } ?? 0
  }

  /// Means of 2×2 latents, each four times.
  private static func lowPassed(_ x: Tensor) -> Tensor {
    let s = x.shape
    return x.reshaped([s[0], s[1] / 2, 2, s[2] / 2, 2, s[3]]).mean(axes: [2, 4]).upsampledNearest2x
  }

  /// The sum over everything but the first axis.
  private static func rowSums(_ x: Tensor) -> [Double] {
    let width = x.count / x.shape[0]
    let values = x.floats()
    return (0..<x.shape[0]).map { row in values[(row * width)..<((row + 1) * width)].reduce(0) { $0 + Double($1) } }
  }
}
