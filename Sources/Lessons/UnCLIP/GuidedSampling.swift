import Conditioning
import Diffusion
import Generation
import TensorCore

/// Runs of DDIM under classifier-free guidance (Ho & Salimans 2022): what the parts of unCLIP draw with.
package struct GuidedSampling: Sendable {
  package let scheduler: SchedulerConfig
  package let steps: Int
  /// 1 for none.
  package var guidance: Float = 1
  /// Fresh noise on the way: 0 none, 1 as DDPM.
  package var eta: Double = 0

  package init(_ scheduler: SchedulerConfig, steps: Int, guidance: Float = 1, eta: Double = 0) {
    (self.scheduler, self.steps, self.guidance, self.eta) = (scheduler, steps, guidance, eta)
  }

  /// A network: noisy samples and timesteps to predictions, float32; without what it is told where `isTold` is false.
  package typealias Network = (_ noisy: Tensor, _ timesteps: [Float], _ isTold: Bool) -> Tensor

  /// From noise to samples.
  /// - Parameters:
  ///   - shape: `[B, H, W, C]`.
  ///   - start: the noise to begin with; nil draws it.
  ///   - noise: for the start and for fresh noise.
  ///   - onStep: may throw to stop.
  package func samples(
    _ shape: [Int], from start: Tensor? = nil, noise: inout NoiseSource, onStep: () throws -> Void = {},
    _ network: Network
  ) throws -> Tensor {
    let sampler = SamplerName.ddim.make(scheduler, eta: eta)
    let plan = try sampler.plan(steps: steps)
    let begin = start ?? noise.normal(shape)
    return try run(sampler, sampler.enter(begin, plan: plan), plan, &noise, onStep, network)
  }

  /// From samples to the noise that makes them again (Song et al. 2021, §4.3), without guidance.
  package func noise(in samples: Tensor, onStep: () throws -> Void = {}, _ network: Network) throws -> Tensor {
    let sampler = SamplerName.ddimInverse.make(scheduler, eta: 0)
    var unused = NoiseSource(.torchBatch, seeds: [0])
    var plain = self
    plain.guidance = 1
    return try plain.run(sampler, samples, try sampler.plan(steps: steps), &unused, onStep, network)
  }

  private func run(
    _ sampler: any Sampler, _ start: Tensor, _ plan: SamplingPlan, _ noise: inout NoiseSource,
    _ onStep: () throws -> Void, _ network: Network
  ) throws -> Tensor {
    let rule = Guidance(scale: guidance)
    return try sampler.sample(
      start, plan: plan, noise: &noise,
      predict: { x, t, step in
        let timesteps = Array(repeating: t, count: x.shape[0])
        let told = network(x, timesteps, true)
        let output = rule.isOn ? rule.combine(unconditional: network(x, timesteps, false), conditional: told) : told
        try Finiteness.check(output, "the network at step \(step + 1) of \(plan.timesteps.count)") {
          "its weights, or a guidance that is too strong; try `precision` f32"
        }
        return output
      },
      onStep: { _ in
        try onStep()
        return nil
      })
  }
}

extension ContrastiveModel {
  /// Numbers of an embedding.
  package var width: Int { image.config.projectionDim }

  /// Where clean pictures `[B, h, w, 3]` lie, `[B, P]` of length 1.
  package func embedding(ofPictures pictures: Tensor) -> Tensor {
    embedding(ofSamples: pictures, timesteps: Array(repeating: 0, count: pictures.shape[0]))
  }

  /// Where texts lie, `[B, P]` of length 1.
  package func embeddings(of texts: [String]) -> Tensor { Tensor.concatenate(texts.map(embedding(of:)), axis: 0) }
}

extension Tensor {
  /// Rows `[B, P]` of length 1 to rows whose numbers have a mean square of 1, as networks like them.
  var evened: Tensor { self * Float(shape[1]).squareRoot() }

  /// Products of rows with the rows of another, `[B]`.
  func rowProducts(_ other: Tensor) -> [Float] { (self * other).sum(axes: [1]).floats() }
}
