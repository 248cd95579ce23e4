import TensorCore

/// The loss on pictures held back, at the same timesteps and with the same noise each time.
struct ValidationLoss {
  let objective: LatentObjective
  let batches: FineTuningBatches
  /// Evaluations of the network at the most.
  private static let limit = 60

  init(_ objective: LatentObjective, _ batches: FineTuningBatches) {
    (self.objective, self.batches) = (objective, batches)
  }

  private var count: Int { min(batches.count, Self.limit / 2) }
  private var levels: Int { max(2, min(10, Self.limit / max(count, 1))) }
  /// Evaluations of the network, one row each.
  var evaluations: Int { count * levels }

  /// The mean over pictures and evenly spaced timesteps.
  func measure() throws -> Double {
    let (count, levels) = (count, levels)
    let trainSteps = objective.prediction.schedule.trainSteps
    var sum = 0.0
    for index in 0..<count {
      for level in 0..<levels {
        var random = [ExampleRandom(seed: 0, example: index, epoch: level, stream: 7)]
        let batch = try batches.plain(index, random: &random)
        let timestep = (2 * level + 1) * trainSteps / (2 * levels)
        sum += Double(try objective.loss(batch, timesteps: [timestep], random: &random).scalar)
      }
    }
    return sum / Double(count * levels)
  }
}

extension FineTuningBatches {
  /// One example with its whole caption, not mirrored.
  func plain(_ index: Int, random: inout [ExampleRandom]) throws -> LatentBatch {
    let kept = try encoder.encode(examples[index], isFlipped: false)
    var batch = LatentBatch(
      latents: encoder.latents(kept, random: &random[0]), text: try texts.batch([examples[index].picture.caption]))
    batch.sizes = [kept.sizes]
    batch.mask = kept.mask
    return batch
  }
}
