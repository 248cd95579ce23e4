import Checkpoints
import Foundation
import Images
import TensorCore
import TestSupport
import Testing

/// A tiny unCLIP model that the recipes make, and what `imago unclip` draws with it.
@Suite struct UnCLIPCallTests {
  private let loop = "loop: {steps: 1, batch: 2, learning_rate: 0.001}"
  private let data = "data: {kind: shapes, count: 72, seed: 3}"
  private let schedule = """
    _class_name: DDIMScheduler, num_train_timesteps: 20, beta_schedule: squaredcos_cap_v2, clip_sample: false,
      timestep_spacing: trailing
    """

  /// The recipes of the four stages by name.
  private var stages: [(name: String, recipe: String)] {
    [
      (
        "contrastive",
        """
        kind: contrastive
        name: c
        \(data)
        size: 8
        encoder: {block_out_channels: [8], down_block_types: [DownBlock2D], layers_per_block: 1, attention_head_dim: 8,
          norm_num_groups: 4, projection_dim: 8}
        text_encoder: {hidden_size: 8, intermediate_size: 16, num_hidden_layers: 1, num_attention_heads: 2,
          max_position_embeddings: 12, hidden_act: gelu}
        tokenizer: \(fixtureURL("guides/contrastive/tokenizer").path)
        precision: f32
        validation: 8
        recall_limit: 0
        \(loop)
        """
      ),
      (
        "prior",
        """
        kind: unclip-prior
        name: p
        \(data)
        contrastive: runs/contrastive/contrastive
        transformer: {num_attention_heads: 2, attention_head_dim: 4, num_layers: 1}
        scheduler: {\(schedule), prediction_type: sample}
        text_dropout: 0.1
        precision: f32
        validation: 64
        sample_steps: 1
        sample_guidance: 1
        candidates: 1
        gain_limit: -2
        \(loop)
        """
      ),
      (
        "decoder",
        """
        kind: unclip-decoder
        name: d
        \(data)
        prior: runs/prior/model
        unet: {sample_size: 8, in_channels: 3, out_channels: 3, block_out_channels: [8], layers_per_block: 1,
          norm_num_groups: 4, down_block_types: [CrossAttnDownBlock2D], up_block_types: [CrossAttnUpBlock2D],
          attention_head_dim: 2, cross_attention_dim: 8}
        tokens: 2
        scheduler: {\(schedule), prediction_type: v_prediction}
        embedding_dropout: 0.1
        precision: f32
        held_back: 8
        validation: 8
        sample_steps: 1
        sample_guidance: 1
        prior_steps: 1
        prior_guidance: 1
        candidates: 1
        recall_limit: 0
        \(loop)
        """
      ),
      (
        "enlarger",
        """
        kind: unclip-enlarger
        name: e
        \(data)
        decoder: runs/decoder/model
        unet: {sample_size: 16, in_channels: 6, out_channels: 3, block_out_channels: [8], layers_per_block: 1,
          norm_num_groups: 4, down_block_types: [DownBlock2D], up_block_types: [UpBlock2D], attention_head_dim: 8,
          add_attention: false}
        scheduler: {\(schedule), prediction_type: v_prediction}
        small: 8
        small_scheduler: {_class_name: DDPMScheduler, num_train_timesteps: 4}
        window: 8
        precision: f32
        held_back: 8
        validation: 8
        sample_steps: 1
        sample_level: 1
        gain_limit: -100
        \(loop)
        """
      ),
    ]
  }

  @Test func picturesVariationsAndAStrip() throws {
    let folder = try CommandFolder()
    for stage in stages {
      let file = try folder.write(stage.recipe, to: "\(stage.name).yaml")
      let result = try BuiltCommand.imago.run(["train", file], in: folder.url)
      try #require(result.status == 0, "\(stage.name): \(result.errors)")
    }
    let model = ["--model", "runs/enlarger/model", "--steps", "2", "--seed", "7", "--precision", "f32", "--quiet"]
    func draw(_ arguments: [String]) throws -> Image {
      let file = folder.results.appendingPathComponent("\(UUID().uuidString).png")
      let result = try BuiltCommand.imago.run(["unclip"] + arguments + model + ["--output", file.path], in: folder.url)
      try #require(result.status == 0, "\(result.errors)")
      return try ImageFile.load(file)
    }
    let cat = ["picture", "a cat", "--prior-steps", "2"]
    let picture = try draw(cat)
    #expect(picture.width == 16 && picture.height == 16)
    #expect(try draw(cat).pixels == picture.pixels)
    #expect(try draw(["picture", "a dog", "--prior-steps", "2"]).pixels != picture.pixels)
    let small = try draw(cat + ["--small"])
    #expect(small.width == 8)
    // A picture of any size and shape is varied.
    let own = folder.file("own.png")
    try ImageFile.save(picture.resized(width: 30, height: 20, filter: .bilinear), to: own, text: [])
    let (varied, again) = (try draw(["vary", own.path]), try draw(["vary", own.path, "--eta", "0"]))
    #expect(varied.width == 16 && varied.pixels != again.pixels)
    let other = folder.file("other.png")
    try ImageFile.save(small, to: other, text: [])
    let strip = try draw(["between", own.path, other.path, "--frames", "3", "--small"])
    #expect(strip.width == 3 * 10 + 2 && strip.height == 12)
    // Several pictures go to several files, each with a line of JSON.
    let several = try BuiltCommand.imago.run(
      ["unclip"] + cat + ["--count", "2", "--json", "--output", "some/"] + model, in: folder.url)
    #expect(several.status == 0 && several.output.split(separator: "\n").count == 2, "\(several.errors)")
    #expect(several.output.contains("\"seed\":8"), "\(several.output)")
    #expect(try ImageFile.load(folder.file("some/00001-7.png")).pixels == picture.pixels)
  }

  @Test(arguments: [
    (["picture"], 64, "text"), (["picture", "a cat", "--count", "0"], 64, "--count 0: must be 1 to 10000"),
    (["picture", "a cat", "--cfg", "0.5"], 64, "--cfg 0.5: must be 1 to 100"),
    (["picture", "a cat", "--prior-cfg", "0"], 64, "--prior-cfg 0.0: must be 1"),
    (["picture", "a cat", "--candidates", "0"], 64, "--candidates 0: must be 1 to 100"),
    (["picture", "a cat", "--steps", "0"], 64, "--steps 0: must be 1 to 1000"),
    (["picture", "a cat", "--precision", "int8"], 64, "--precision int8"),
    (["picture", "a cat", "--output", "a.gif"], 64, "must end in .png"),
    (["vary", "a.png", "--eta", "2"], 64, "--eta 2.0: must be 0 to 1"),
    (["between", "a.png", "b.png", "--frames", "1"], 64, "--frames 1: must be 2 to 10000"),
    (["picture", "a cat", "--model", "nowhere"], 1, "is not there: imago train unclip-enlarger makes it"),
  ])
  func whatCannotBe(arguments: [String], status: Int32, line: String) throws {
    let folder = try CommandFolder()
    let result = try BuiltCommand.imago.run(["unclip"] + arguments, in: folder.url)
    #expect(result.status == status && result.errors.contains(line), "\(result.errors)")
  }
}
