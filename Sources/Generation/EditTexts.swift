import Diffusion
import Foundation
import TensorCore

/// One picture and the two texts about it.
package struct EditTexts {
  /// Forward under the target text, guided.
  let target: DenoisingRun
  /// Backward under the source text, unguided.
  let source: DenoisingRun
  /// The target text unguided, for comparing.
  let plainTarget: DenoisingRun
  let clean: Tensor

  package init(_ edit: DescriptionEdit, _ request: DescriptionEditRequest, index: Int) throws {
    var one = request.generation
    one.prompts = [one.prompts[index]]
    one.seeds = [one.seeds[index]]
    (one.variations, one.blends) = ([], [])
    func run(_ change: (inout GenerationRequest) -> Void) throws -> DenoisingRun {
      var changed = one
      change(&changed)
      return try DenoisingRun(
        edit.components, precision: edit.precision, embeddings: edit.embeddings, changed)
    }
    target = try run { _ in }
    plainTarget = try run { $0.guidance = Guidance(scale: 1) }
    source = try run {
      $0.prompts = [request.source]
      $0.guidance = Guidance(scale: 1)
      $0.sampler = .ddimInverse
    }
    let codec = target.codec
    // The mean and not a draw: what is not edited should come back as it was.
    clean = codec.scaled(try codec.distribution(ImageTensor.pack([request.canvas.working])).mean)
  }

  /// Latents about which the texts disagree. Guidance would scale all differences alike, so it is left out.
  package func differingCells(seed: UInt64, onStep: () throws -> Void = {}) throws -> [Bool] {
    let plan = target.plan.starting(strength: DescriptionEdit.mapStrength)
    let start = min(plan.start, plan.timesteps.count - 1)
    let (level, timestep) = (plan.levels[start], plan.timesteps[start])
    var random = NoiseSource(.torchBatch, seeds: [seed])
    let noises = random.normal([DescriptionEdit.maps] + clean.shape[1...])
    let (here, there) = (source.prediction(), plainTarget.prediction())
    let (cells, channels) = (clean.shape[1] * clean.shape[2], clean.shape[3])
    var sums = [Double](repeating: 0, count: cells)
    for map in 0..<DescriptionEdit.maps {
      let noise = noises.slice(axis: 0, from: map, count: 1)
      let x = clean.scaled(by: Float(level.signal), adding: noise, times: Float(level.noise))
      let place = "at comparison \(map + 1) of \(DescriptionEdit.maps)"
      let (a, b) = (try here(x, timestep, call: 0, place: place), try there(x, timestep, call: 0, place: place))
      // The map is an edge: what it says is decided on the host.
      for (index, difference) in (a - b).applying(.abs).floats().enumerated() {
        sums[index / channels] += Double(difference)
      }
      try onStep()
    }
    let limit = DescriptionEdit.cutOff * sums.reduce(0, +) / Double(cells)
    return sums.map { limit > 0 && min($0, limit) / limit > 0.5 }
  }

  /// The picture run backward under the source text and forward under the target text, in the given cells.
  func edited(_ cells: [Bool], strength: Double, onStep: () throws -> Void) throws -> Tensor {
    let states = try inverted(strength: strength, onStep: onStep)
    let mask = Tensor(
      cells.map { Float($0 ? 1 : 0) }, shape: [1, clean.shape[1], clean.shape[2], 1], device: clean.device)
    let plan = target.plan.starting(strength: strength)
    var noise = NoiseSource(target.request.stream, seeds: target.request.seeds)
    return try target.run(
      from: states[states.count - 1], plan: plan, noise: &noise,
      onStep: { step in
        try onStep()
        // The state of the way back with as much noise as the sample has now.
        let kept = states[plan.timesteps.count - 1 - step.index]
        return step.sample * mask + kept * (1 - mask)
      })
  }

  /// The clean latents, then those after each step backward.
  package func inverted(strength: Double, onStep: () throws -> Void = {}) throws -> [Tensor] {
    let full = source.plan
    let count = StepCounting.share.counts(steps: full.steps, strength: strength).run
    let plan = SamplingPlan(
      steps: full.steps, timesteps: Array(full.timesteps.prefix(count)), levels: Array(full.levels.prefix(count + 1)))
    var states = [clean]
    var noise = NoiseSource(source.request.stream, seeds: source.request.seeds)
    _ = try source.run(
      from: clean, plan: plan, noise: &noise,
      onStep: { step in
        try onStep()
        states.append(step.sample)
        return nil
      })
    return states
  }
}
