import TensorCore

/// The loss on pictures that are not trained on, at the same timesteps and with the same noise each time.
public struct ValidationLoss {
  public let objective: LatentObjective
  /// Pictures that are looked at, and timesteps each is seen at.
  public let pictures, levels: Int
  /// One picture as the network is trained on it, with what is drawn at random in it.
  public typealias Example = (_ random: inout [ExampleRandom]) throws -> LatentBatch
  private let open: (_ picture: Int) throws -> Example

  /// - Parameter open: reads and encodes a picture, once for all timesteps.
  public init(
    _ objective: LatentObjective, pictures: Int, levels: Int, open: @escaping (_ picture: Int) throws -> Example
  ) {
    (self.objective, self.pictures, self.levels, self.open) = (objective, pictures, levels, open)
  }

  /// The timestep in the middle of a band of timesteps.
  public func timestep(_ level: Int) -> Int {
    (2 * level + 1) * objective.prediction.schedule.trainSteps / (2 * levels)
  }

  /// The loss of a picture at the middle of each band of timesteps.
  public func losses(_ picture: Int) throws -> [Double] {
    let example = try open(picture)
    return try (0..<levels).map { level in
      var random = [ExampleRandom(seed: 0, example: picture, epoch: level, stream: 7)]
      let batch = try example(&random)
      return Double(try objective.loss(batch, timesteps: [timestep(level)], random: &random).scalar)
    }
  }

  /// Evaluations of the network, one row each.
  var evaluations: Int { pictures * levels }

  /// The mean over pictures and timesteps.
  /// - Throws: `RunStopped` if told to, before the next picture.
  public func measure(shouldStop: () -> Bool = { false }) throws -> Double {
    let sum = try (0..<pictures).reduce(0.0) {
      if shouldStop() { throw RunStopped() }
      return $0 + (try losses($1)).reduce(0, +)
    }
    return sum / Double(pictures * levels)
  }
}

extension ValidationLoss {
  /// Evaluations of the network at the most while a run goes on.
  private static let limit = 60

  /// Of pictures that a fine-tuning run holds back.
  init(_ objective: LatentObjective, _ batches: FineTuningBatches) {
    let count = min(batches.count, Self.limit / 2)
    self.init(
      objective, pictures: count, levels: max(2, min(10, Self.limit / max(count, 1))), open: batches.plain)
  }
}

extension FineTuningBatches {
  /// One example with its whole caption, not mirrored.
  func plain(_ index: Int) throws -> ValidationLoss.Example {
    let kept = try encoder.encode(examples[index], isFlipped: false)
    let text = try texts.batch([examples[index].picture.caption])
    return { random in
      var batch = LatentBatch(latents: encoder.latents(kept, random: &random[0]), text: text)
      batch.sizes = [kept.sizes]
      batch.mask = kept.mask
      return batch
    }
  }
}
