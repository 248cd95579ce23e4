import Conditioning
import Diffusion
import Foundation
import Models
import NN
import TensorCore
import Testing
import Training

/// Latents that show what their truth says: a bright side for where it faces, a level for the thing.
private struct ShownTruths: BatchSource {
  let count = 24

  func truth(_ index: Int) -> SceneTruth {
    SceneTruth(
      thing: index % 4, hand: index % 2, facing: 1 + index / 4 % 2,
      box: [0.25, 0.5, Float(index % 3) / 4, 0.5], figures: 1)
  }

  func batch(_ draws: [Draw], random: inout [ExampleRandom]) -> LatentBatch {
    let truths = draws.map { truth($0.index) }
    var values: [Float] = []
    for truth in truths {
      let rest: [Float] = [Float(truth.thing) - 1.5, Float(truth.hand) * 2 - 1, truth.box.z * 4]
      for place in 0..<16 { values += [truth.facing == 1 + place % 4 / 2 ? 2 : -1] + rest }
    }
    let context = NetworkConditioning(context: .zeros([1, 3, 8]))
    var batch = LatentBatch(
      latents: Tensor(values, shape: [draws.count, 4, 4, 4]), text: .encoded(draws.map { _ in context }))
    batch.truths = truths
    return batch
  }
}

@Suite struct NuisanceHeadsTests {
  private func unet(isZero: Bool = false) -> (UNet2DConditionModel, [Parameter]) {
    var config = UNet2DConditionConfig()
    (config.blockOutChannels, config.layersPerBlock, config.normNumGroups) = ([16, 16], .one(1), 4)
    config.downBlockTypes = ["DownBlock2D", "CrossAttnDownBlock2D"]
    config.upBlockTypes = ["CrossAttnUpBlock2D", "UpBlock2D"]
    (config.crossAttentionDim, config.attentionHeadDim, config.sampleSize) = (8, .one(2), 4)
    (config.resnetTimeScaleShift, config.additionEmbedType, config.additionEmbedTypeNumHeads) = (.scaleShift, "text", 2)
    let store = ParameterStore(RandomInitialization(seed: 1), isTrainable: { _ in true })
    let unet = UNet2DConditionModel(store.root, config)
    if isZero { ZeroStart.apply(store.parameters) }
    return (unet, store.parameters)
  }

  private func heads() -> NuisanceHeads { NuisanceHeads(features: 2 * 2 * 16, things: 4, hands: 2, seed: 2) }

  private func objective(_ heads: NuisanceHeads?) -> LatentObjective {
    let (unet, parameters) = unet()
    let schedule = NoiseSchedule(
      .cosine, start: 0, end: 0, trainSteps: 1000, zeroTerminalSNR: true, predictionType: .velocity)
    var objective = LatentObjective(
      network: unet, texts: TextRows(CLIPTextEncoding([])), prediction: NoisePrediction(schedule, dtype: .f32),
      groups: [ParameterGroup("unet", parameters)] + (heads.map { [ParameterGroup("nuisance", $0.parameters)] } ?? []))
    objective.prediction.timesteps = TimestepSampling(.logitNormal, mean: -1, deviation: 0.5)
    if let heads { objective.heads = (heads, 0.5) }
    return objective
  }

  private func settings(_ steps: Int) -> LoopSettings {
    var settings = LoopSettings(steps: steps, batch: 6, learningRate: 0.01)
    (settings.averageLengths, settings.saveEvery) = ([0.05, 0.1], 4)
    return settings
  }

  @discardableResult
  private func run(
    _ folder: URL, steps: Int, stopAfter: Int? = nil, heads: NuisanceHeads
  ) throws -> LatentObjective {
    let objective = objective(heads)
    var finished = 0
    let context = RunContext(shouldStop: {
      finished += 1
      return finished == stopAfter
    })
    try TrainingRun(
      settings(steps), in: RunFolder(folder), identity: RunIdentity(of: settings(steps)), source: ShownTruths(),
      objective: objective, artifact: TwoResults(), context
    ).run()
    return objective
  }

  /// Accepts two averages and writes nothing.
  private struct TwoResults: Artifact {
    let averageLimit = 2
    func write(step: Int, isLast: Bool) -> [URL] { [] }
  }

  /// Zero weights know nothing: the logarithm of each number of classes, and the boxes' mean.
  @Test func whoKnowsNothingLosesTheLogarithms() {
    let heads = heads()
    for parameter in heads.parameters { parameter.replace(with: .zeros(parameter.shape)) }
    let truths = [0, 5].map { ShownTruths().truth($0) }
    let loss = heads.loss(.zeros([2, 2, 2, 16]), truths).scalar
    let boxes = truths.map { ($0.box.x + $0.box.y + $0.box.z + $0.box.w) / 4 }.reduce(0, +) / 2
    #expect(abs(loss - (log(4) + log(2) + log(3) + boxes)) < 1e-5)
  }

  @Test func itLearnsWhatLatentsShowThroughTheNetwork() throws {
    let folder = try ScratchFolder()
    let trained = try run(folder.url, steps: 150, heads: heads())
    var plain = trained
    plain.heads = nil
    func loss(_ objective: LatentObjective) throws -> Float {
      var random = (0..<24).map { ExampleRandom(seed: 9, example: $0, epoch: 0) }
      let batch = ShownTruths().batch((0..<24).map { Draw(index: $0, epoch: 0) }, random: &random)
      return try objective.loss(batch, timesteps: Array(repeating: 100, count: 24), random: &random).scalar
    }
    // Chance is log 4 + log 2 + log 2 and the boxes' error, 2.9 in all.
    let own = (try loss(trained) - loss(plain)) / 0.5
    #expect(own < 1, "\(own)")
  }

  /// Loss and gradients are those of the noise, plus the weight times the heads'.
  @Test func theGradientReachesTheNetwork() throws {
    let batchOf = { (random: inout [ExampleRandom]) in
      ShownTruths().batch((0..<4).map { Draw(index: $0, epoch: 0) }, random: &random)
    }
    func measure(_ heads: NuisanceHeads?) throws -> (Float, [String: [Float]]) {
      let objective = objective(heads)
      var random = (0..<4).map { ExampleRandom(seed: 9, example: $0, epoch: 0) }
      let batch = batchOf(&random)
      let (loss, gradients) = try valueAndGradients { try objective.loss(batch, random: &random) }
      let named = objective.groups.flatMap(\.parameters).map { ($0.name, gradients[$0]?.floats() ?? []) }
      return (loss.scalar, Dictionary(uniqueKeysWithValues: named))
    }
    let (plain, with) = (try measure(nil), try measure(heads()))
    #expect(with.0 > plain.0 + 0.5)
    let (down, up) = ("down_blocks.0.resnets.0.conv1.weight", "up_blocks.1.resnets.0.conv1.weight")
    #expect(with.1[down] != plain.1[down], "what lies before the middle learns from the heads")
    #expect(with.1[up] == plain.1[up], "what lies behind does not")
    #expect(with.1["nuisance.facing.weight"]?.contains { $0 != 0 } == true)
  }

  /// The heads and both averages are part of the state.
  @Test func resumesToTheSameBits() throws {
    let (whole, parts) = (try ScratchFolder(), try ScratchFolder())
    try run(whole.url, steps: 9, heads: heads())
    try run(parts.url, steps: 9, stopAfter: 5, heads: heads())
    try run(parts.url, steps: 9, heads: heads())
    let states = try [whole, parts].map { try Data(contentsOf: $0.url.appendingPathComponent("state.safetensors")) }
    #expect(states[0] == states[1])
    let text = String(decoding: states[0].prefix(200_000), as: UTF8.self)
    for key in ["weight/nuisance.thing.weight", "average/nuisance.box.bias", "average2/conv_in.weight"] {
      #expect(text.contains("\"\(key)\""), "\(key)")
    }
  }

  /// With zero ends the network says nothing, and everything it holds can still learn.
  @Test func zeroEndsSayNothingAtFirst() throws {
    let (unet, parameters) = unet(isZero: true)
    var random = [ExampleRandom(seed: 1, example: 0, epoch: 0)]
    let (x, context) = (random.normal(like: [1, 4, 4, 4]), random.normal(like: [1, 3, 8]))
    func loss() -> Tensor { (unet(x, timesteps: [300], encoderHiddenStates: context) - x).squared.mean() }
    #expect(unet(x, timesteps: [300], encoderHiddenStates: context).floats().allSatisfy { $0 == 0 })
    let zero = parameters.filter { $0.value.sumOfSquares == 0 && $0.name.hasSuffix("weight") }.map(\.name)
    #expect(zero.count == 13 && zero.allSatisfy { ZeroStart.isEnd($0) }, "\(zero)")
    let settings = OptimizerSettings()
    var optimizer = settings.make(parameters)
    var silent = Set(parameters.map(\.name))
    for _ in 0..<4 {
      let (_, gradients) = valueAndGradients { loss() }
      for parameter in parameters where (gradients[parameter]?.sumOfSquares ?? 0) > 0 { silent.remove(parameter.name) }
      optimizer.step(gradients, scale: 1, rates: parameters.map { _ in 1e-2 })
    }
    #expect(silent.isEmpty, "\(silent)")
  }
}
