import DataSets
import Diffusion
import Generation
import Images
import Models
import NN
import TensorCore
import Training

// MARK: - Prior

/// Embeddings of pictures, and their captions, of which some are left out.
package struct PriorBatch {
  /// `[B, P]` of length 1.
  package let embeddings: Tensor
  /// Empty where one is left out.
  package let captions: [String]

  package init(embeddings: Tensor, captions: [String]) { (self.embeddings, self.captions) = (embeddings, captions) }
}

/// What a prior learns from.
package struct PriorSource: BatchSource {
  let pictures: EmbeddedPictures
  /// How often a caption is left out, which makes guidance possible.
  let textDropout: Float

  package var count: Int { pictures.count }

  package func batch(_ draws: [Draw], random: inout [ExampleRandom]) -> PriorBatch {
    let captions = draws.indices.map { random[$0].uniform() < textDropout ? "" : pictures.captions[draws[$0].index] }
    return PriorBatch(embeddings: pictures.embeddings(draws.map(\.index)), captions: captions)
  }
}

/// Learns to tell the clean embedding: `E ‖z − f(z_t, t, y)‖²` (Ramesh et al. 2022, eq. 2), with a scheduler whose
/// `prediction_type` is `sample`.
package struct PriorObjective: Objective {
  package let prior: UnCLIPPrior
  package let model: ContrastiveModel
  package let prediction: NoisePrediction
  package let groups: [ParameterGroup]

  package init(prior: UnCLIPPrior, model: ContrastiveModel, prediction: NoisePrediction, groups: [ParameterGroup]) {
    (self.prior, self.model, self.prediction, self.groups) = (prior, model, prediction, groups)
  }

  package func loss(_ batch: PriorBatch, random: inout [ExampleRandom]) throws -> Tensor {
    let told = UnCLIPPrior.told(batch.captions, model)
    return prediction.loss(prior.network.normalized(batch.embeddings), random: &random) { noisy, timesteps in
      prior.network(noisy, timesteps: timesteps, text: told)
    }
  }
}

// MARK: - Decoder

/// Pictures with their embeddings, of which some are zero.
package struct DecoderBatch {
  /// `[B, s, s, 3]` in ±1.
  package let pictures: Tensor
  /// `[B, P]` of length 1, or zero.
  package let embeddings: Tensor

  package init(pictures: Tensor, embeddings: Tensor) { (self.pictures, self.embeddings) = (pictures, embeddings) }
}

/// What a decoder learns from.
package struct DecoderSource: BatchSource {
  let pictures: EmbeddedPictures
  let side: Int
  /// How often an embedding is zero, which makes guidance possible (§2.1: 10 %).
  let embeddingDropout: Float

  package var count: Int { pictures.count }

  package func batch(_ draws: [Draw], random: inout [ExampleRandom]) throws -> DecoderBatch {
    let kept = random.indices.map { random[$0].uniform() < embeddingDropout ? Float(0) : 1 }
    let indices = draws.map(\.index)
    return DecoderBatch(
      pictures: try pictures.pictures(indices, side: side),
      embeddings: pictures.embeddings(indices) * Tensor(kept, shape: [kept.count, 1]))
  }
}

/// Noise in pictures under their embeddings.
package struct DecoderObjective: Objective {
  package let decoder: UnCLIPDecoder
  package let prediction: NoisePrediction
  package let groups: [ParameterGroup]

  package init(decoder: UnCLIPDecoder, prediction: NoisePrediction, groups: [ParameterGroup]) {
    (self.decoder, self.prediction, self.groups) = (decoder, prediction, groups)
  }

  package func loss(_ batch: DecoderBatch, random: inout [ExampleRandom]) -> Tensor {
    prediction.loss(batch.pictures, random: &random) { noisy, timesteps in
      decoder.predict(noisy, timesteps: timesteps, embeddings: batch.embeddings)
    }
  }
}

// MARK: - Enlarger

/// Windows of large pictures, and of the small ones enlarged.
package struct EnlargerBatch {
  /// `[B, w, w, 3]` in ±1, both.
  package let pictures, small: Tensor

  package init(pictures: Tensor, small: Tensor) { (self.pictures, self.small) = (pictures, small) }
}

/// What an enlarger learns from: a square window of each picture (§2.1: windows of a quarter of the side).
package struct EnlargerSource: BatchSource {
  let data: any CaptionedImages
  /// Sides of large and small pictures and of windows.
  let side, small, window: Int
  /// Examples at the end that no batch has.
  let heldBack: Int

  package var count: Int { data.count - heldBack }

  package func batch(_ draws: [Draw], random: inout [ExampleRandom]) throws -> EnlargerBatch {
    let rows = try draws.indices.map { row in
      let (picture, seen) = try pair(draws[row].index)
      let (top, left) = (random[row].integer(below: side - window + 1), random[row].integer(below: side - window + 1))
      func cut(_ x: Tensor) -> Tensor {
        x.slice(axis: 1, from: top, count: window).slice(axis: 2, from: left, count: window)
      }
      return (cut(picture), cut(seen))
    }
    return EnlargerBatch(
      pictures: Tensor.concatenate(rows.map(\.0), axis: 0), small: Tensor.concatenate(rows.map(\.1), axis: 0))
  }

  /// A large picture, and the small one enlarged, `[1, S, S, 3]` each.
  func pair(_ index: Int) throws -> (picture: Tensor, small: Tensor) {
    let image = try data.example(index, size: side).image
    let tiny = ImageTensor.pack([image.resized(width: small, height: small, filter: .area)])
    return (ImageTensor.pack([image]), UnCLIPEnlarger.enlarged(tiny, to: side))
  }
}

/// Noise in what large pictures have beyond small ones, beside these with noise of a level drawn for each.
package struct EnlargerObjective: Objective {
  package let enlarger: UnCLIPEnlarger
  package let prediction: NoisePrediction
  package let groups: [ParameterGroup]

  package init(enlarger: UnCLIPEnlarger, prediction: NoisePrediction, groups: [ParameterGroup]) {
    (self.enlarger, self.prediction, self.groups) = (enlarger, prediction, groups)
  }

  package func loss(_ batch: EnlargerBatch, random: inout [ExampleRandom]) -> Tensor {
    let levels = random.indices.map { random[$0].integer(below: enlarger.levels) }
    let noise = Tensor.concatenate(
      random.indices.map { random[$0].normal([1] + batch.small.shape.dropFirst()) }, axis: 0)
    let small = enlarger.smallScheduler.schedule.addNoise(batch.small, noise: noise, timesteps: levels)
    let difference = (batch.pictures - batch.small) * UnCLIPEnlarger.differenceScale
    return prediction.loss(difference, random: &random) { noisy, timesteps in
      enlarger.predict(noisy, timesteps: timesteps, small: small, levels: levels)
    }
  }
}
