import Conditioning
import Diffusion
import Generation
import Models
import TensorCore

/// How a prior is asked.
package struct PriorSettings: Sendable, Equatable {
  package var steps: Int
  package var guidance: Float
  /// Embeddings drawn for each text, of which the one closest to the text's own is taken (§2.2 has two).
  package var candidates: Int

  package init(steps: Int = 25, guidance: Float = 2, candidates: Int = 2) {
    (self.steps, self.guidance, self.candidates) = (steps, guidance, candidates)
  }
}

/// The first half of DALL·E 2 (Ramesh et al. 2022, §2.2): draws the embedding of a picture that a text could belong to.
package struct UnCLIPPrior: Sendable {
  package let network: PriorTransformer
  package let scheduler: SchedulerConfig
  /// Arithmetic of the network.
  package let dtype: DType

  package init(network: PriorTransformer, scheduler: SchedulerConfig, dtype: DType) {
    (self.network, self.scheduler, self.dtype) = (network, scheduler, dtype)
  }

  /// What the network is told of texts; the empty text stands for none.
  package static func told(_ texts: [String], _ model: ContrastiveModel) -> PriorText {
    let encoder = model.text
    let ids = texts.map { encoder.tokenizer.encode($0, length: encoder.model.config.positionCount) }
    let output = encoder.model(ids)
    return PriorText(embedding: output.pooled.cast(to: .f32).unitRows.evened, states: output.lastHiddenState)
  }

  /// Predicts clean embeddings, freed of mean and deviation, float32.
  package func predict(_ noisy: Tensor, timesteps: [Float], text: PriorText) -> Tensor {
    network(noisy.cast(to: dtype), timesteps: timesteps, text: text).cast(to: .f32)
  }

  /// Draws an embedding for each text, `[B, P]` of length 1.
  /// - Parameters:
  ///   - seeds: one a text.
  ///   - onStep: may throw to stop.
  package func embeddings(
    of texts: [String], _ model: ContrastiveModel, seeds: [UInt64], _ settings: PriorSettings,
    onStep: () throws -> Void = {}
  ) throws -> Tensor {
    precondition(texts.count == seeds.count, "\(seeds.count) seeds for \(texts.count) texts")
    let (count, width, candidates) = (texts.count, model.width, settings.candidates)
    let told = Self.told(texts, model)
    let none = Self.told([""], model)
    let empty = PriorText(
      embedding: none.embedding.broadcast(to: told.embedding.shape),
      states: none.states.broadcast(to: told.states.shape))
    let sampling = GuidedSampling(scheduler, steps: settings.steps, guidance: settings.guidance, eta: 1)
    let own = told.embedding.unitRows
    var (best, closest) = ([Tensor?](repeating: nil, count: count), [Float](repeating: -.infinity, count: count))
    for candidate in 0..<candidates {
      var noise = NoiseSource(.torch, seeds: seeds.map { $0 &+ UInt64(candidate) &* Self.candidateStride })
      let drawn = try sampling.samples([count, 1, 1, width], noise: &noise, onStep: onStep) { x, timesteps, isTold in
        predict(x.reshaped([count, width]), timesteps: timesteps, text: isTold ? told : empty).reshaped(x.shape)
      }
      let found = network.embeddings(drawn.reshaped([count, width])).unitRows
      for (row, cosine) in found.rowProducts(own).enumerated() where cosine > closest[row] {
        (best[row], closest[row]) = (found.slice(axis: 0, from: row, count: 1), cosine)
      }
    }
    return Tensor.concatenate(best.compactMap { $0 }, axis: 0)
  }

  /// Far from the seeds of neighbouring pictures.
  private static let candidateStride: UInt64 = 0x9e37_79b9_7f4a_7c15
}
