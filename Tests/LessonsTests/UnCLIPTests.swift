import Checkpoints
import Diffusion
import Foundation
import Generation
import Images
import Lessons
import Models
import NN
import TensorCore
import TestSupport
import Testing
import Training

/// The parts of unCLIP: losses against naive computations, and what reaches what.
@Suite struct UnCLIPTests {
  private func random(_ count: Int) -> [ExampleRandom] {
    (0..<count).map { ExampleRandom(seed: 7, example: $0, epoch: 0) }
  }

  /// `√ᾱ x + √(1 − ᾱ) ε` number by number.
  private func noisy(_ x: [Float], _ noise: [Float], _ bar: Float) -> [Float] {
    zip(x, noise).map { $0 * bar.squareRoot() + $1 * (1 - bar).squareRoot() }
  }

  private func mean(_ values: [Float]) -> Float { values.reduce(0, +) / Float(values.count) }

  // MARK: - Losses

  @Test func thePriorsLossIsEquation2() throws {
    let model = try TinyNetworks.contrastive()
    let width = model.width
    var config = PriorTransformerConfig()
    (config.headCount, config.headWidth, config.layerCount) = (2, 4, 1)
    (config.embeddingDim, config.embeddingCount) = (width, model.text.model.config.positionCount)
    let store = ParameterStore(RandomInitialization(seed: 1), isTrainable: PriorTransformer.isLearnt)
    let network = PriorTransformer(store.root, config)
    _ = TinyNetworks.stirred(store.parameters.filter(\.isTrainable))
    network.clipMean.replace(with: Tensor(repeating: 0.1, shape: [1, width]))
    network.clipStd.replace(with: Tensor(repeating: 0.4, shape: [1, width]))
    let scheduler = TinyNetworks.scheduler(.sample)
    let prior = UnCLIPPrior(network: network, scheduler: scheduler, dtype: .f32)
    let schedule = try scheduler.trainingSchedule
    let objective = PriorObjective(
      prior: prior, model: model, prediction: NoisePrediction(schedule, dtype: .f32),
      groups: [ParameterGroup("prior", store.parameters.filter(\.isTrainable))])
    var source = ExampleRandom(seed: 1, example: 0, epoch: 0)
    let embeddings = source.normal([3, width]).unitRows
    let captions = ["a cat", "", "a red car"]
    var drawn = random(3)
    let found = try objective.loss(PriorBatch(embeddings: embeddings, captions: captions), random: &drawn)

    // The same, a row at a time: t, then the noise.
    var own = random(3)
    let rows = (0..<3).map { row -> Float in
      let z = embeddings.slice(axis: 0, from: row, count: 1).floats().map { ($0 - 0.1) / 0.4 }
      let t = own[row].integer(below: 50)
      let noise = own[row].normal([1, width]).floats()
      let told = UnCLIPPrior.told([captions[row]], model)
      #expect(abs(told.embedding.squared.mean().scalar - 1) < 1e-4)
      let output = prior.predict(
        Tensor(noisy(z, noise, schedule.alphasCumprod[t]), shape: [1, width]), timesteps: [Float(t)], text: told)
      return mean(zip(output.floats(), z).map { ($0 - $1) * ($0 - $1) })
    }
    expectClose([found.scalar], [mean(rows)], rtol: 1e-4, "loss")
    // The text counts.
    var again = random(3)
    let other = try objective.loss(
      PriorBatch(embeddings: embeddings, captions: ["a dog", "", "a red car"]), random: &again)
    #expect(abs(other.scalar - found.scalar) > 1e-5)
  }

  @Test func theDecodersLossIsThatOfTheVelocity() throws {
    let (decoder, parameters) = try TinyNetworks.decoder()
    let schedule = try decoder.scheduler.trainingSchedule
    let objective = DecoderObjective(
      decoder: decoder, prediction: NoisePrediction(schedule, dtype: .f32),
      groups: [ParameterGroup("all", parameters)])
    var source = ExampleRandom(seed: 1, example: 0, epoch: 0)
    let (pictures, embeddings) = (source.normal([2, 8, 8, 3]), TinyNetworks.rows(2, seed: 3))
    var drawn = random(2)
    let (found, gradients) = valueAndGradients {
      objective.loss(DecoderBatch(pictures: pictures, embeddings: embeddings), random: &drawn)
    }
    var own = random(2)
    let rows = (0..<2).map { row -> Float in
      let x = pictures.slice(axis: 0, from: row, count: 1).floats()
      let t = own[row].integer(below: 50)
      let noise = own[row].normal([1, 8, 8, 3]).floats()
      let bar = schedule.alphasCumprod[t]
      let output = decoder.predict(
        Tensor(noisy(x, noise, bar), shape: [1, 8, 8, 3]), timesteps: [Float(t)],
        embeddings: embeddings.slice(axis: 0, from: row, count: 1)
      ).floats()
      return mean(
        output.indices.map { at in
          let away = output[at] - (bar.squareRoot() * noise[at] - (1 - bar).squareRoot() * x[at])
          return away * away
        })
    }
    expectClose([found.scalar], [mean(rows)], rtol: 1e-4, "loss")
    let tokens = try #require(parameters.first { $0.name == "projection.weight" })
    #expect(try #require(gradients[tokens]).floats().contains { abs($0) > 1e-6 }, "what makes tokens learns")
  }

  @Test func theEnlargersLossSeesSmallPicturesWithNoise() throws {
    let (enlarger, parameters) = try TinyNetworks.enlarger()
    let (schedule, small) = (try enlarger.scheduler.trainingSchedule, enlarger.smallScheduler.schedule)
    let objective = EnlargerObjective(
      enlarger: enlarger, prediction: NoisePrediction(schedule, dtype: .f32),
      groups: [ParameterGroup("all", parameters)])
    var source = ExampleRandom(seed: 1, example: 0, epoch: 0)
    let shape = [1, 8, 8, 3]
    let (pictures, plain) = (source.normal([2, 8, 8, 3]), source.normal([2, 8, 8, 3]))
    var drawn = random(2)
    let found = objective.loss(EnlargerBatch(pictures: pictures, small: plain), random: &drawn)
    var own = random(2)
    let rows = (0..<2).map { row -> Float in
      func numbers(_ x: Tensor) -> [Float] { x.slice(axis: 0, from: row, count: 1).floats() }
      let level = own[row].integer(below: 4)
      let seen = noisy(numbers(plain), own[row].normal(shape).floats(), small.alphasCumprod[level])
      let t = own[row].integer(below: 50)
      let x = zip(numbers(pictures), numbers(plain)).map { ($0 - $1) * 4 }
      let noise = own[row].normal(shape).floats()
      let bar = schedule.alphasCumprod[t]
      let output = enlarger.predict(
        Tensor(noisy(x, noise, bar), shape: shape), timesteps: [Float(t)], small: Tensor(seen, shape: shape),
        levels: [level]
      ).floats()
      return mean(
        output.indices.map { at in
          let away = output[at] - (bar.squareRoot() * noise[at] - (1 - bar).squareRoot() * x[at])
          return away * away
        })
    }
    expectClose([found.scalar], [mean(rows)], rtol: 1e-4, "loss")
  }

  // MARK: - What reaches what

  @Test func embeddingsReachThePicture() throws {
    let (decoder, _) = try TinyNetworks.decoder()
    func draw(_ embeddings: Tensor, guidance: Float = 1, seed: UInt64 = 5) throws -> [Float] {
      try decoder.pictures(of: embeddings, seeds: [seed], steps: 3, guidance: guidance).floats()
    }
    let (one, other) = (TinyNetworks.rows(1, seed: 1), TinyNetworks.rows(1, seed: 2))
    let first = try draw(one)
    #expect(try draw(one) == first)
    #expect(try draw(other) != first && draw(one, guidance: 3) != first && draw(one, seed: 6) != first)
    // Without an embedding there is nothing that guidance could strengthen.
    let none = Tensor.zeros([1, TinyNetworks.width])
    expectClose(try draw(none, guidance: 3), try draw(none), atol: 1e-5)
  }

  @Test func smallPictureAndLevelReachTheLargeOne() throws {
    let (enlarger, _) = try TinyNetworks.enlarger()
    var source = ExampleRandom(seed: 1, example: 0, epoch: 0)
    let (one, other) = (source.normal([1, 8, 8, 3]), source.normal([1, 8, 8, 3]))
    func draw(_ small: Tensor, level: Int = 1) throws -> Tensor {
      try enlarger.pictures(of: small, seeds: [5], steps: 3, level: level)
    }
    let first = try draw(one)
    #expect(try first.shape == [1, 16, 16, 3] && draw(one).floats() == first.floats())
    #expect(try draw(other).floats() != first.floats() && draw(one, level: 2).floats() != first.floats())
  }

  /// A plain picture stays as it is, and sides are doubled.
  @Test func enlargingIsBilinear() {
    let plain = UnCLIPEnlarger.enlarged(Tensor(repeating: 0.3, shape: [1, 2, 2, 3]), to: 8)
    expectClose(plain.floats(), Array(repeating: 0.3, count: 192), atol: 1e-6)
    let ramp = UnCLIPEnlarger.enlarged(Tensor([0, 1, 0, 1] as [Float], shape: [1, 2, 2, 1]), to: 4)
    expectClose(Array(ramp.floats()[0..<4]), [0, 0.25, 0.75, 1], atol: 1e-6)
  }

  // MARK: - There and back

  private func unclip() throws -> UnCLIP {
    let model = try TinyNetworks.contrastive()
    let (decoder, _) = try TinyNetworks.decoder()
    var config = PriorTransformerConfig()
    (config.headCount, config.headWidth, config.layerCount) = (2, 4, 1)
    (config.embeddingDim, config.embeddingCount) = (model.width, model.text.model.config.positionCount)
    let prior = UnCLIPPrior(
      network: PriorTransformer(TinyNetworks.store().root, config), scheduler: TinyNetworks.scheduler(.sample),
      dtype: .f32)
    return UnCLIP(contrastive: model, prior: prior, decoder: decoder)
  }

  /// Noise found in a picture makes it again, the more steps the better.
  @Test func noiseInAPictureMakesItAgain() throws {
    let (decoder, _) = try TinyNetworks.decoder()
    var source = ExampleRandom(seed: 1, example: 0, epoch: 0)
    let (picture, embedding) = (source.normal([1, 8, 8, 3]) * 0.5, TinyNetworks.rows(1, seed: 1))
    func error(_ steps: Int, other: Bool = false) throws -> Double {
      let noise = try decoder.noise(in: picture, embeddings: embedding, steps: steps)
      let told = other ? TinyNetworks.rows(1, seed: 2) : embedding
      let again = try decoder.pictures(of: told, from: noise, seeds: [1], steps: steps, guidance: 1)
      return ((again - picture).sumOfSquares / picture.sumOfSquares).squareRoot()
    }
    let (few, many) = (try error(10), try error(50))
    #expect(many < 0.1 && many < few, "\(few), then \(many)")
    #expect(try error(50, other: true) > many)
  }

  @Test func aStripBeginsAndEndsWithItsPictures() throws {
    let unclip = try unclip()
    func latents(_ seed: UInt64) -> UnCLIP.Latents {
      var source = ExampleRandom(seed: seed, example: 0, epoch: 0)
      return UnCLIP.Latents(
        embedding: TinyNetworks.rows(1, seed: seed), noise: source.normal([1, 8, 8, 3]))
    }
    let settings = DecoderSettings(steps: 3, guidance: 1)
    let (a, b) = (latents(1), latents(2))
    let strip = try unclip.between(a, b, frames: 3, seed: 0, settings)
    #expect(strip.shape == [3, 8, 8, 3])
    func alone(_ x: UnCLIP.Latents) throws -> [Float] {
      try unclip.variations(of: x, eta: 0, seeds: [9], settings).floats()
    }
    func frame(_ index: Int) -> [Float] { strip.slice(axis: 0, from: index, count: 1).floats() }
    expectClose(frame(0), try alone(a), atol: 1e-4, "first")
    expectClose(frame(2), try alone(b), atol: 1e-4, "last")
    // In the middle both are turned halfway: the sum, made as long as they are.
    let noise = a.noise + b.noise
    let length = ((a.noise.sumOfSquares + b.noise.sumOfSquares) / 2 / noise.sumOfSquares).squareRoot()
    let middle = try unclip.variations(
      of: UnCLIP.Latents(embedding: (a.embedding + b.embedding).unitRows, noise: noise * Float(length)), eta: 0,
      seeds: [9], settings)
    expectClose(frame(1), middle.floats(), atol: 0.05, "middle")
  }

  @Test func variationsDifferAsFarAsEtaSays() throws {
    let unclip = try unclip()
    var source = ExampleRandom(seed: 1, example: 0, epoch: 0)
    let latents = UnCLIP.Latents(embedding: TinyNetworks.rows(1, seed: 1), noise: source.normal([1, 8, 8, 3]))
    func draw(_ eta: Double) throws -> Tensor {
      try unclip.variations(of: latents, eta: eta, seeds: [1, 2], DecoderSettings(steps: 5, guidance: 1))
    }
    func apart(_ pair: Tensor) -> Double {
      (pair.slice(axis: 0, from: 0, count: 1) - pair.slice(axis: 0, from: 1, count: 1)).sumOfSquares
    }
    #expect(try apart(draw(0)) == 0)
    #expect(try apart(draw(0.3)) > 0 && apart(draw(1)) > apart(draw(0.3)))
  }

  @Test func aPriorsEmbeddingIsTheCandidateClosestToTheText() throws {
    let unclip = try unclip()
    let (texts, own) = (["a cat", "a red car"], unclip.contrastive.embeddings(of: ["a cat", "a red car"]))
    func cosines(_ candidates: Int) throws -> [Float] {
      let drawn = try unclip.prior.embeddings(
        of: texts, unclip.contrastive, seeds: [3, 4], PriorSettings(steps: 3, guidance: 1, candidates: candidates))
      expectClose((drawn.squared.sum(axes: [1])).floats(), [1, 1], atol: 1e-4, "length")
      return (drawn * own).sum(axes: [1]).floats()
    }
    let (one, many) = (try cosines(1), try cosines(6))
    #expect(zip(one, many).allSatisfy { $0 <= $1 } && one != many, "\(one), then \(many)")
  }
}
