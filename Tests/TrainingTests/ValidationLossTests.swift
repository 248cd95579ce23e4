import Conditioning
import Diffusion
import Generation
import Models
import NN
import TensorCore
import Testing
import Training

/// The loss on pictures that are not trained on.
@Suite struct ValidationLossTests {
  private func objective() -> LatentObjective {
    var config = UNet2DConditionConfig()
    (config.blockOutChannels, config.layersPerBlock, config.normNumGroups) = ([8, 8], .one(1), 4)
    config.downBlockTypes = ["DownBlock2D", "CrossAttnDownBlock2D"]
    config.upBlockTypes = ["CrossAttnUpBlock2D", "UpBlock2D"]
    (config.crossAttentionDim, config.attentionHeadDim, config.sampleSize) = (8, .one(2), 4)
    let store = ParameterStore(RandomInitialization(seed: 1))
    let schedule = NoiseSchedule(
      .cosine, start: 0, end: 0, trainSteps: 1000, zeroTerminalSNR: true, predictionType: .velocity)
    return LatentObjective(
      network: UNet2DConditionModel(store.root, config), texts: TextRows(CLIPTextEncoding([])),
      prediction: NoisePrediction(schedule, dtype: .f32), groups: [])
  }

  /// A picture is opened once, whatever the number of timesteps it is seen at; its noise is the same each time, and another at
  /// each timestep.
  @Test func aPictureIsOpenedOnceForAllTimesteps() throws {
    var (opened, drawn) = ([Int](), [Int: [[Float]]]())
    let loss = ValidationLoss(objective(), pictures: 3, levels: 4) { picture in
      opened.append(picture)
      return { random in
        let noise = random[0].normal([1, 4, 4, 4])
        drawn[picture, default: []].append(Array(noise.floats().prefix(3)))
        let context = NetworkConditioning(context: .zeros([1, 3, 8]), pooled: nil)
        return LatentBatch(latents: noise * 0.1 + Float(picture), text: .encoded([context]))
      }
    }
    let losses = try (0..<3).map { try loss.losses($0) }
    #expect(opened == [0, 1, 2] && losses.allSatisfy { $0.count == 4 })
    #expect(drawn[1].map { Set($0).count } == 4, "noise of its own at each timestep")
    let mean = try loss.measure()
    #expect(abs(mean - losses.joined().reduce(0, +) / 12) < 1e-12)
    #expect(opened == [0, 1, 2, 0, 1, 2] && drawn[1].map { Array($0[..<4]) == Array($0[4...]) } == true)
    #expect([0, 1, 2, 3].map { loss.timestep($0) } == [125, 375, 625, 875])
  }

  /// What cannot be opened is not measured as something else.
  @Test func whatCannotBeOpenedIsThrown() {
    struct Broken: Error {}
    let loss = ValidationLoss(objective(), pictures: 1, levels: 2) { _ in throw Broken() }
    #expect(throws: Broken.self) { try loss.losses(0) }
  }
}
