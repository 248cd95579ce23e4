import Foundation
import Generation
import Jobs
import Models
import NN
import TensorCore

/// What a run will take of memory and time, told before its first step.
///
/// A step is tried without learning from it, its second time clocked; pictures drawn and losses measured on the way are taken in
/// proportion to their multiply-adds. What cannot fit is refused by counting, before anything is computed.
struct FineTuningForecast {
  let recipe: FineTuningRecipe
  let training: FineTuningBatches
  let result: FineTuningResult

  private var components: PipelineComponents { result.drawing.components }

  // MARK: - Memory

  /// Values a step holds for each of those that drawing a picture holds, kept or recomputed: Stable Diffusion 1.5, 512².
  private static let heldValues = (kept: 18.0, recomputed: 6.0)

  /// Throws if the machine has less memory left than a step needs.
  /// - Parameters:
  ///   - frozen: the weights of the network.
  ///   - available: bytes that can be had; nil if that is not known.
  func checkMemory(frozen: [Parameter], available: Int?) throws(JobError) {
    let side = result.side
    try RunForecast.checkMemory(
      bytes(weights: frozen), available, name: "--resolution", value: "\(side)",
      advice: "take a smaller --resolution or --batch" + (recipe.recomputes ? "" : ", or --checkpointing"))
  }

  /// Repacked weights, what gradients need, gradients and what the optimiser remembers.
  private func bytes(weights: [Parameter]) -> Double {
    let size = Double(recipe.precision.dtype.byteSize)
    // Transformed for Winograd's algorithm, weights take 16/9 of their size in bfloat16, 4 times in float32.
    let forward = recipe.precision.dtype == .f32 ? 2 : 1.25
    let forms = forward + (recipe.recomputes ? 0 : recipe.precision.dtype == .f32 ? 1 : 1.25)
    let numbers = Double(weights.reduce(0) { $0 + $1.shape.reduce(1, *) })
    let scale = components.autoencoder.downscale
    let values = components.work(width: result.side / scale, height: result.side / scale).values
    let held = recipe.recomputes ? Self.heldValues.recomputed : Self.heldValues.kept
    let trained = Double(result.objective.groups.reduce(0) { $0 + $1.size })
    // Gradients and what the optimiser remembers, in float32.
    let learnt = trained * 4 * (recipe.loop.optimizer == .lion ? 2 : 3)
    return size * (numbers * forms + values * held * Double(recipe.loop.batch)) + learnt
  }

  // MARK: - Time

  /// Tries a step.
  /// - Parameter done: steps finished before.
  /// - Returns: one line; nil if there is nothing left to do.
  func line(done: Int) throws -> String? {
    let loop = recipe.loop
    guard done < loop.steps else { return nil }
    let draws = largestBatch()
    _ = try seconds(of: draws)
    let trial = try seconds(of: draws)
    let peak = MachineMemory.peak() ?? 0
    Processor.releaseCachedMemory()
    let drawing = try result.drawing.requests(try result.jobs(), side: result.side).map {
      PictureWork(measured: $0, nil, components, isEdit: false, precision: recipe.precision).bytes
    }
    let memory = max(Double(peak), Double(MachineMemory.used() ?? 0) + (drawing.max() ?? 0))

    // Backward computes one gradient besides the forward pass, two where the weights are trained, and recomputing a pass more.
    let passes = 2.0 + (recipe.method == .full ? 1 : 0) + (recipe.recomputes ? 1 : 0)
    let rate = trial / (components.products(side: result.side) * Double(draws.count) * passes)
    let step = trial * Double(loop.batch) / Double(draws.count) * Double(loop.accumulate)
    let previews = (done == 0 ? 2 : 1) + (loop.steps - 1) / loop.sampleEvery - done / loop.sampleEvery
    let aside = Double(previews) * rate * (try result.previewWork())
    let total = step * Double(loop.steps - done) + aside
    return "it will take about \(RunForecast.gigabytes(memory)) GB of memory and \(RunForecast.duration(total)): "
      + "\(loop.steps - done) steps of \(String(format: "%.2f", step)) s, and \(RunForecast.duration(aside)) for pictures "
      + "and losses beside; Ctrl-C stops and keeps what is learnt"
  }

  /// The first full batch of an epoch, or the fullest there is.
  private func largestBatch() -> [Draw] {
    var order = training.order(batch: recipe.loop.batch, seed: recipe.loop.seed)
    let batches = (0..<min(order.batchesPerEpoch, 256)).map { order.batch($0) }
    return batches.first { $0.count == recipe.loop.batch } ?? batches.max { $0.count < $1.count } ?? []
  }

  private func seconds(of draws: [Draw]) throws -> Double {
    let start = ContinuousClock.now
    var random = draws.map { ExampleRandom(seed: recipe.loop.seed, example: $0.index, epoch: $0.epoch) }
    let batch = try training.batch(draws, random: &random)
    _ = try valueAndGradients { try result.objective.loss(batch, random: &random) }
    return start.duration(to: .now) / .seconds(1)
  }
}

extension PipelineComponents {
  /// Multiply-adds of the network for one row of a square picture.
  func products(side: Int) -> Double {
    let width = max(side / autoencoder.downscale, 1)
    return work(width: width, height: width).products
  }
}
