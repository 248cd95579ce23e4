import Conditioning
import Generation
import TensorCore

/// How pictures are drawn once there is an embedding.
package struct DecoderSettings: Sendable, Equatable {
  package var steps: Int
  package var guidance: Float
  /// Of the enlarger; nil for the small pictures.
  package var enlargerSteps: Int?
  /// How much noise the enlarger is shown small pictures with.
  package var enlargerLevel: Int

  package init(steps: Int = 25, guidance: Float = 2, enlargerSteps: Int? = nil, enlargerLevel: Int = 2) {
    (self.steps, self.guidance) = (steps, guidance)
    (self.enlargerSteps, self.enlargerLevel) = (enlargerSteps, enlargerLevel)
  }
}

/// The parts of DALL·E 2 (Ramesh et al. 2022) together: a contrastive model, a prior, a decoder, and what enlarges its
/// pictures.
package struct UnCLIP: Sendable {
  package let contrastive: ContrastiveModel
  package let prior: UnCLIPPrior
  package let decoder: UnCLIPDecoder
  package var enlarger: UnCLIPEnlarger?

  package init(
    contrastive: ContrastiveModel, prior: UnCLIPPrior, decoder: UnCLIPDecoder, enlarger: UnCLIPEnlarger? = nil
  ) {
    (self.contrastive, self.prior, self.decoder, self.enlarger) = (contrastive, prior, decoder, enlarger)
  }

  /// Called after each step of each part; may throw to stop.
  package typealias OnStep = () throws -> Void

  /// Pictures of texts, by way of the prior, `[B, s, s, 3]` in about ±1.
  /// - Parameter seeds: one a text.
  package func pictures(
    of texts: [String], seeds: [UInt64], _ asked: PriorSettings, _ settings: DecoderSettings, onStep: OnStep = {}
  ) throws -> Tensor {
    let embeddings = try prior.embeddings(of: texts, contrastive, seeds: seeds, asked, onStep: onStep)
    return try pictures(ofEmbeddings: embeddings, seeds: seeds, settings, onStep: onStep)
  }

  /// Pictures with given embeddings.
  /// - Parameters:
  ///   - embeddings: `[B, P]` of length 1.
  ///   - start: the decoder's noise, `[B, s, s, 3]`; nil draws it.
  ///   - eta: fresh noise on the way.
  package func pictures(
    ofEmbeddings embeddings: Tensor, from start: Tensor? = nil, eta: Double = 0, seeds: [UInt64],
    _ settings: DecoderSettings, onStep: OnStep = {}
  ) throws -> Tensor {
    let small = try decoder.pictures(
      of: embeddings, from: start, seeds: seeds, steps: settings.steps, guidance: settings.guidance, eta: eta,
      onStep: onStep)
    guard let enlarger, let steps = settings.enlargerSteps else { return small }
    return try enlarger.pictures(of: small, seeds: seeds, steps: steps, level: settings.enlargerLevel, onStep: onStep)
  }

  /// What a picture is to the two halves: its embedding, and the noise of which the decoder makes it again (§3).
  package struct Latents: Sendable {
    /// `[1, P]` of length 1.
    package let embedding: Tensor
    /// `[1, s, s, 3]`.
    package let noise: Tensor

    package init(embedding: Tensor, noise: Tensor) { (self.embedding, self.noise) = (embedding, noise) }
  }

  /// - Parameters:
  ///   - seen: the picture at the side the contrastive model sees, `[1, c, c, 3]` in ±1.
  ///   - picture: at the decoder's side, `[1, s, s, 3]` in ±1.
  package func latents(seen: Tensor, picture: Tensor, steps: Int, onStep: OnStep = {}) throws -> Latents {
    let embedding = contrastive.embedding(ofPictures: seen)
    return Latents(
      embedding: embedding,
      noise: try decoder.noise(in: picture, embeddings: embedding, steps: steps, onStep: onStep))
  }

  /// Other pictures with a picture's embedding (§3.1).
  /// - Parameters:
  ///   - eta: how much of what the embedding leaves open is drawn anew: 0 gives the picture again, 1 differs most.
  ///   - seeds: one a variation.
  package func variations(
    of latents: Latents, eta: Double, seeds: [UInt64], _ settings: DecoderSettings, onStep: OnStep = {}
  ) throws -> Tensor {
    func repeated(_ x: Tensor) -> Tensor { Tensor.concatenate(seeds.map { _ in x }, axis: 0) }
    return try pictures(
      ofEmbeddings: repeated(latents.embedding), from: repeated(latents.noise), eta: eta, seeds: seeds, settings,
      onStep: onStep)
  }

  /// Pictures on the way from one to another (§3.2): embedding and noise are turned together.
  /// - Parameters:
  ///   - frames: in all, both ends among them; 2 or more.
  ///   - seed: of the enlarger's noise.
  package func between(
    _ first: Latents, _ second: Latents, frames: Int, seed: UInt64, _ settings: DecoderSettings, onStep: OnStep = {}
  ) throws -> Tensor {
    let shares = (0..<frames).map { Double($0) / Double(max(frames - 1, 1)) }
    func turned(_ a: Tensor, _ b: Tensor) -> Tensor {
      let layout = VectorLayout(count: 1, length: a.count, step: 1, distance: a.count)
      return Tensor.concatenate(
        shares.map { a.slerp(to: b, $0, layout, isStraightWhenParallel: false) }, axis: 0)
    }
    return try pictures(
      ofEmbeddings: turned(first.embedding, second.embedding).unitRows, from: turned(first.noise, second.noise),
      seeds: Array(repeating: seed, count: frames), settings, onStep: onStep)
  }
}
