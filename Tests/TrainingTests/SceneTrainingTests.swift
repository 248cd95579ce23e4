import Checkpoints
import Foundation
import Images
import SceneTraining
import TensorCore
import Testing
import Training

/// A whole training on drawn scenes with everything the builder's knowledge is used for.
@Suite struct SceneTrainingTests {
  init() { DataKind.register(.scenes) }

  private let vocabulary = """
    sets one two
    house one
    style glossy two 30
    thing cat
      sprites one/cat< two/cat>
    thing apple
      size 1
      sprites */apple
    """

  /// Half a disc, which faces a side, for cats, and whole ones for apples.
  private func sprite(half: Bool, _ colour: [UInt8]) -> Image {
    var pixels = [UInt8](repeating: 0, count: 40 * 40 * 4)
    for y in 0..<40 {
      for x in 0..<40 where (x - 20) * (x - 20) + (y - 20) * (y - 20) <= 196 && !(half && x > 22) {
        pixels.replaceSubrange((y * 40 + x) * 4..<(y * 40 + x) * 4 + 4, with: colour + [255])
      }
    }
    return Image(width: 40, height: 40, channels: 4, pixels: pixels)
  }

  private func sprites(_ folder: URL) throws {
    for set in ["one", "two"] {
      try FileManager.default.createDirectory(
        at: folder.appendingPathComponent(set), withIntermediateDirectories: true)
      let blue: UInt8 = set == "one" ? 30 : 200
      for thing in ["cat", "apple"] {
        let file = folder.appendingPathComponent("\(set)/\(thing).png")
        try ImageFile.save(sprite(half: thing == "cat", [220, 60, blue]), to: file, text: [])
      }
    }
    try Data(vocabulary.utf8).write(to: folder.appendingPathComponent("vocabulary.txt"))
  }

  private func data(_ folder: URL) -> String {
    "{kind: scenes, path: \(folder.path)/sprites, vocabulary: \(folder.path)/sprites/vocabulary.txt, count: 40, seed: 7}"
  }

  private func run(_ yaml: String, _ folder: URL, _ output: String, _ context: RunContext = RunContext()) throws {
    let file = folder.appendingPathComponent("recipe.yaml")
    try Data(yaml.utf8).write(to: file)
    try Recipes.read(file).run(in: folder.appendingPathComponent(output), context)
  }

  private func autoencoder(_ folder: URL, seed: Int) throws {
    try run(
      """
      kind: autoencoder
      name: tiny
      data: \(data(folder))
      size: 64
      model: {block_out_channels: [8, 8, 8], layers_per_block: 1, latent_channels: 4, norm_num_groups: 4}
      precision: f32
      square_weight: 1
      edge_weight: 0.5
      divergence_weight: 0.000001
      loop: {steps: 1, batch: 2, learning_rate: 0.001, seed: \(seed)}
      """, folder, "vae-\(seed)")
  }

  private func recipe(_ folder: URL, vae: Int = 1) -> String {
    """
    kind: text-to-image
    name: tiny
    data: \(data(folder))
    size: 64
    autoencoder: \(folder.path)/vae-\(vae)/vae
    cache: \(folder.path)/latents
    vocabulary_size: 600
    text_encoder: {hidden_size: 16, intermediate_size: 32, num_hidden_layers: 1, num_attention_heads: 2,
      max_position_embeddings: 16, hidden_act: gelu}
    unet: {sample_size: 16, in_channels: 4, out_channels: 4, block_out_channels: [8, 8], layers_per_block: 1,
      norm_num_groups: 4, down_block_types: [DownBlock2D, CrossAttnDownBlock2D],
      up_block_types: [CrossAttnUpBlock2D, UpBlock2D], attention_head_dim: 2, cross_attention_dim: 16,
      resnet_time_scale_shift: scale_shift, addition_embed_type: text, addition_embed_type_num_heads: 4}
    scheduler: {_class_name: DDIMScheduler, beta_schedule: squaredcos_cap_v2, prediction_type: v_prediction,
      rescale_betas_zero_snr: true, timestep_spacing: trailing, clip_sample: false}
    precision: f32
    caption_dropout: 0.1
    zero_ends: true
    nuisance_weight: 0.05
    singles_first: {share: 0.8, until: 0.5}
    commitment: {every: 4, pairs: 3, seed: 900000}
    sample_prompts: [a cat]
    sample_steps: 2
    sample_guidance: 2
    loop: {steps: 8, batch: 3, learning_rate: 0.01, optimizer: muon, average_lengths: [0.05, 0.1], seed: 3,
      log_every: 2, save_every: 3, sample_every: 6}
    """
  }

  @Test func resumesToTheSameBitsAndMeasuresOnItsWay() throws {
    let scratch = try ScratchFolder()
    let folder = scratch.url
    try sprites(folder.appendingPathComponent("sprites"))
    try autoencoder(folder, seed: 1)
    try run(recipe(folder), folder, "whole")
    var steps = 0
    let stopping = RunContext(shouldStop: {
      steps += 1
      return steps == 5
    })
    try run(recipe(folder), folder, "parts", stopping)
    try run(recipe(folder), folder, "parts")
    func file(_ run: String, _ name: String) -> URL { folder.appendingPathComponent("\(run)/\(name)") }
    let states = try ["whole", "parts"].map { try Data(contentsOf: file($0, "state.safetensors")) }
    #expect(states[0] == states[1])
    for model in ["model", "model-average-2"] {
      let weights = try TensorFile(file("whole", "\(model)/unet/diffusion_pytorch_model.safetensors"))
      #expect(weights.keys.contains("add_embedding.pool.positional_embedding"))
      #expect(!weights.keys.contains { $0.contains("nuisance") })
    }

    // Figures stand in every second line of the log, the same however often the run was stopped.
    let logs = try ["whole", "parts"].map { run in
      try String(contentsOf: file(run, "log.jsonl"), encoding: .utf8).split(separator: "\n").map {
        try JSONDecoder().decode(TrainingLog.Entry.self, from: Data($0.utf8))
      }
    }
    #expect(logs[0].map(\.step) == [2, 4, 6, 8] && logs[0].map(\.gauges) == logs[1].map(\.gauges))
    for (number, entry) in logs[0].enumerated() {
      let names = ["commitment_700", "commitment_700_bound", "commitment_800", "commitment_800_bound"]
      #expect(entry.gauges?.keys.sorted() == (number % 2 == 0 ? nil : names))
      #expect(entry.gauges?.values.allSatisfy { abs($0) <= 1.5 } ?? true)
    }
    #expect(logs[0][1].line(of: 8).contains("commitment_700 "))

    // Scenes say what they show, and other latents are not taken for these.
    let table = try TensorFile(folder.appendingPathComponent("latents/shard-00000.safetensors")).tensor("truths")
    let rows = table.floats()
    #expect(table.shape == [40, 8] && Set(stride(from: 0, to: 320, by: 8).map { rows[$0] }) == [0, 1])
    for row in 0..<40 {
      let (hand, facing) = (rows[row * 8 + 1], rows[row * 8 + 2])
      #expect((rows[row * 8] == 0) == (facing > 0), "cats face a side, apples none")
      #expect(hand == 0 || hand == 1)
    }
    try autoencoder(folder, seed: 2)
    #expect {
      try run(recipe(folder, vae: 2), folder, "other")
    } throws: { "\($0)".contains("latents were made from something else: autoencoder was") }
  }

  /// A pair is one scene twice: the same but for the figure, which is turned round.
  @Test func pairsAreTheSameSceneTurnedRound() throws {
    let scratch = try ScratchFolder()
    let folder = scratch.url.appendingPathComponent("sprites")
    try sprites(folder)
    let source = try SceneSource(
      sprites: folder, vocabulary: folder.appendingPathComponent("vocabulary.txt"), count: 1, seed: 0)
    var found = 0
    for seed in UInt64(0)..<200 {
      guard let pair = source.pair(seed, size: 64) else { continue }
      found += 1
      #expect(pair.seen.caption == pair.other.caption && pair.seen.caption.contains("cat"))
      #expect(!pair.seen.caption.contains("facing") && !pair.seen.caption.contains("glossy"))
      let changed = zip(pair.seen.image.pixels, pair.other.image.pixels).filter { $0 != $1 }.count
      #expect(changed > 100 && changed < pair.seen.image.pixels.count / 2, "\(changed)")
    }
    #expect(found > 10)
  }
}
