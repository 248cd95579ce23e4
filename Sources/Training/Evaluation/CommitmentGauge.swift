import Conditioning
import Models
import TensorCore

/// Pictures that fit one caption as well as another does.
package protocol PairedImages: CaptionedImages {
  /// A picture as its caption means it, and the same with the figure turned round; nil where turning changes nothing.
  func pair(_ number: UInt64, size: Int) throws -> (seen: CaptionedImage, other: CaptionedImage)?
}

/// Measures a text-to-image model's commitment on pairs of pictures that were encoded beforehand.
struct CommitmentGauge {
  let seen, others: Tensor
  let tokens: [[TextRows.Row]]
  /// Noise levels at which drawings are told apart: about σ 2.0 and 3.1 of the cosine schedule.
  static let timesteps = [700, 800]
  private static let batch = 32

  /// - Throws: `noData` if a thousand scenes for each pair are not enough.
  init(_ images: any PairedImages, _ settings: CommitmentSettings, encoder: LatentEncoder, texts: TextRows) throws {
    var pairs: [(seen: CaptionedImage, other: CaptionedImage)] = []
    var number = settings.seed
    while pairs.count < settings.pairs {
      guard number &- settings.seed < UInt64(settings.pairs) * 1000 else {
        throw TrainingError.noData(
          path: "commitment", reason: "\(pairs.count) of \(settings.pairs) pairs found: no drawing says where it faces")
      }
      if let pair = try images.pair(number, size: encoder.size) { pairs.append(pair) }
      number &+= 1
    }
    func latents(_ list: [CaptionedImage]) -> Tensor {
      Tensor.concatenate(
        stride(from: 0, to: list.count, by: Self.batch).map { first in
          encoder.latents(list[first..<min(first + Self.batch, list.count)].map(\.image))
        }, axis: 0)
    }
    (seen, others) = (latents(pairs.map(\.seen)), latents(pairs.map(\.other)))
    let rows = pairs.map { texts.tokens($0.seen.caption) }
    tokens = (0..<texts.encoderCount).map { encoder in rows.map { $0[encoder] } }
  }

  /// Each timestep's figure and its bound, by name.
  func measure(_ objective: LatentObjective) throws -> [String: Double] {
    var found: [String: Double] = [:]
    for timestep in Self.timesteps where timestep < objective.prediction.schedule.trainSteps {
      var random = (0..<seen.shape[0]).map { ExampleRandom(seed: 0, example: $0, epoch: timestep, stream: 11) }
      let result = try PairCommitment(
        seen: seen, others: others, noise: random.normal(like: seen.shape), schedule: objective.prediction.schedule,
        timestep: timestep
      ) { try predict(objective, $0, timestep) }
      found["commitment_\(timestep)"] = result.value
      found["commitment_\(timestep)_bound"] = result.bound
    }
    return found
  }

  private func predict(_ objective: LatentObjective, _ noisy: Tensor, _ timestep: Int) throws -> Tensor {
    let count = noisy.shape[0]
    let parts = try stride(from: 0, to: count, by: Self.batch).map { first in
      let rows = min(Self.batch, count - first)
      let text = try objective.texts.encode(
        tokens.map { Array($0[first..<(first + rows)]) }, dtype: objective.prediction.dtype)
      return objective.predict(
        noisy.slice(axis: 0, from: first, count: rows).cast(to: objective.prediction.dtype),
        timesteps: Array(repeating: Float(timestep), count: rows), text: text
      ).cast(to: .f32)
    }
    return Tensor.concatenate(parts, axis: 0)
  }
}
