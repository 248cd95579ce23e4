import Checkpoints
import Foundation
import Images
import TensorCore
import Testing
import Training

/// Whole runs of tiny recipes: what they write, what they start from and what they leave alone.
@Suite struct RecipeRunTests {
  /// Eight 16×16 pictures of one-coloured squares with captions.
  private func pictures(_ folder: URL) throws {
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    for index in 0..<8 {
      var pixels = [UInt8](repeating: UInt8(200 - 10 * index), count: 16 * 16 * 3)
      for row in 4..<12 {
        for column in 2..<(6 + index) { pixels[(row * 16 + column) * 3 + index % 3] = UInt8(20 + 25 * index) }
      }
      let name = "square-\(index)"
      try ImageFile.save(
        Image(width: 16, height: 16, channels: 3, pixels: pixels), to: folder.appendingPathComponent("\(name).png"),
        text: [])
      try Data("a square of kind \(index)".utf8).write(to: folder.appendingPathComponent("\(name).txt"))
    }
  }

  private let average = ", average_decay: 0.9"

  private func loop(_ extra: String) -> String { "{steps: 3, batch: 2, learning_rate: 0.001, seed: 3\(extra)}" }

  /// - Parameter stop: the step after which the run is asked to stop; nil for none.
  private func autoencoder(
    _ folder: URL, output: String, extra: String = "", average: String? = nil, stop: Int? = nil
  ) throws {
    let yaml = """
      kind: autoencoder
      name: tiny
      data: {kind: folder, path: \(folder.path)/pictures}
      size: 16
      model: {block_out_channels: [8, 8], layers_per_block: 1, latent_channels: 4, norm_num_groups: 4}
      precision: f32
      square_weight: 1
      edge_weight: 0.5
      divergence_weight: 0.000001
      loop: \(loop(average ?? self.average))
      \(extra)
      """
    let file = folder.appendingPathComponent("autoencoder.yaml")
    try Data(yaml.utf8).write(to: file)
    var steps = 0
    let context = RunContext(
      onEvent: { if case .step = $0 { steps += 1 } }, shouldStop: { stop.map { steps >= $0 } ?? false })
    try Recipes.read(file).run(in: folder.appendingPathComponent(output), context)
  }

  private func textToImage(_ folder: URL, output: String, extra: String = "", loop: String? = nil) throws {
    let loop = loop ?? self.loop(average)
    let blocks = "[DownBlock2D, CrossAttnDownBlock2D]"
    let yaml = """
      kind: text-to-image
      name: tiny
      data: {kind: folder, path: \(folder.path)/pictures}
      size: 16
      autoencoder: \(folder.path)/first/vae
      cache: \(folder.path)/latents
      vocabulary_size: 600
      text_encoder: {hidden_size: 16, intermediate_size: 32, num_hidden_layers: 1, num_attention_heads: 2,
        max_position_embeddings: 16, hidden_act: gelu}
      unet: {sample_size: 8, in_channels: 4, out_channels: 4, block_out_channels: [8, 8], layers_per_block: 1,
        norm_num_groups: 4, down_block_types: \(blocks), up_block_types: [CrossAttnUpBlock2D, UpBlock2D],
        attention_head_dim: 2, cross_attention_dim: 16}
      scheduler: {_class_name: DDIMScheduler, beta_schedule: squaredcos_cap_v2, prediction_type: v_prediction,
        rescale_betas_zero_snr: true, timestep_spacing: trailing, clip_sample: false}
      precision: f32
      caption_dropout: 0.1
      sample_prompts: []
      sample_steps: 2
      sample_guidance: 2
      loop: \(loop)
      \(extra)
      """
    let file = folder.appendingPathComponent("text-to-image.yaml")
    try Data(yaml.utf8).write(to: file)
    try Recipes.read(file).run(in: folder.appendingPathComponent(output), RunContext())
  }

  private func weights(_ folder: URL, _ path: String) throws -> [String: [Float]] {
    let file = try TensorFile(folder.appendingPathComponent(path))
    return Dictionary(uniqueKeysWithValues: try file.keys.map { ($0, try file.tensor($0).cast(to: .f32).floats()) })
  }

  @Test func latentsAreWhiteAndAFrozenEncoderStays() throws {
    let scratch = try ScratchFolder()
    let folder = scratch.url
    try pictures(folder.appendingPathComponent("pictures"))
    try autoencoder(folder, output: "first")
    try textToImage(folder, output: "model")
    // The cache holds every picture once, encoded by the float16 weights that were written: half an ulp of 16 bits and
    // the eight pictures the map was made from leave a few thousandths.
    let latents = try TensorFile(folder.appendingPathComponent("latents/shard-00000.safetensors"))
      .tensor("latents").cast(to: .f32).floats()
    let pixels = latents.count / 4
    for i in 0..<4 {
      let mean = (0..<pixels).reduce(0.0) { $0 + Double(latents[$1 * 4 + i]) } / Double(pixels)
      #expect(abs(mean) < 0.02, "mean of channel \(i) is \(mean)")
      for j in 0...i {
        let product = (0..<pixels).reduce(0.0) { $0 + Double(latents[$1 * 4 + i] * latents[$1 * 4 + j]) }
        let covariance = product / Double(pixels)
        #expect(abs(covariance - (i == j ? 1 : 0)) < 0.03, "covariance \(i), \(j) is \(covariance)")
      }
    }

    try autoencoder(
      folder, output: "second",
      extra: "start_from: \(folder.path)/first/vae\nfrozen: [encoder., quant_conv.]")
    let path = "vae/diffusion_pytorch_model.safetensors"
    let (first, second) = (try weights(folder, "first/\(path)"), try weights(folder, "second/\(path)"))
    // Softmax does not see a bias of the keys, so it has no gradient.
    for (key, value) in first where !key.hasSuffix("to_k.bias") {
      let isFrozen = key.hasPrefix("encoder.") || key.hasPrefix("quant_conv.")
      #expect((second[key] == value) == isFrozen, "\(key)")
    }
  }

  /// A run that ended between the two files of its tokenizer makes the second one when it goes on.
  @Test func knownWordsAreWrittenThoughTheTokenizerIsThere() throws {
    let scratch = try ScratchFolder()
    let folder = scratch.url
    try pictures(folder.appendingPathComponent("pictures"))
    try autoencoder(folder, output: "first")
    try textToImage(folder, output: "model")
    let words = folder.appendingPathComponent("model/tokenizer/known_words.txt")
    let text = try Data(contentsOf: words)
    try FileManager.default.removeItem(at: words)
    try textToImage(folder, output: "model")
    #expect(try Data(contentsOf: words) == text)
  }

  @Test func writingOnTheWayDoesNotChangeWhatIsLearnt() throws {
    let scratch = try ScratchFolder()
    let folder = scratch.url
    try pictures(folder.appendingPathComponent("pictures"))
    try autoencoder(folder, output: "alone", average: "")
    try autoencoder(folder, output: "written", average: ", write_every: 1")
    let path = "vae/diffusion_pytorch_model.safetensors"
    #expect(try weights(folder, "alone/\(path)") == weights(folder, "written/\(path)"))
  }

  @Test func windowsAreLearntFromAndWholePicturesMeasured() throws {
    let scratch = try ScratchFolder()
    let folder = scratch.url
    try pictures(folder.appendingPathComponent("pictures"))
    try autoencoder(folder, output: "whole")
    try autoencoder(folder, output: "windows", extra: "window: 8")
    let path = "vae/diffusion_pytorch_model.safetensors"
    #expect(try weights(folder, "whole/\(path)") != weights(folder, "windows/\(path)"))
    for window in ["12", "24", "7"] {
      #expect(throws: (any Error).self) { try autoencoder(folder, output: "wrong", extra: "window: \(window)") }
    }
  }

  /// Goes on from `first/vae` with the encoder as it is, with a setting and without, whole and stopped: the setting changes the decoder
  /// and no more, and a stopped run comes to the same.
  /// - Returns: the weights with the setting.
  private func decoderThatGoesOn(_ folder: URL, with setting: String) throws -> [String: [Float]] {
    let frozen = "start_from: \(folder.path)/first/vae\nfrozen: [encoder., quant_conv.]"
    let extra = frozen + "\n" + setting
    try autoencoder(folder, output: "plain", extra: frozen)
    try autoencoder(folder, output: "whole", extra: extra)
    try autoencoder(folder, output: "parts", extra: extra, stop: 2)
    try autoencoder(folder, output: "parts", extra: extra)
    let path = "vae/diffusion_pytorch_model.safetensors"
    let (plain, whole) = (try weights(folder, "plain/\(path)"), try weights(folder, "whole/\(path)"))
    #expect(whole.keys.sorted() == plain.keys.sorted())
    #expect(whole["decoder.conv_in.weight"] != plain["decoder.conv_in.weight"])
    #expect(whole["encoder.conv_in.weight"] == plain["encoder.conv_in.weight"])
    #expect(try weights(folder, "parts/\(path)") == whole)
    return whole
  }

  /// What judges is no part of the result; the run goes on to the same weights, and the encoder can stay as it is.
  @Test func aDiscriminatorBesideTheDecoder() throws {
    let scratch = try ScratchFolder()
    let folder = scratch.url
    try pictures(folder.appendingPathComponent("pictures"))
    try autoencoder(folder, output: "first")
    _ = try decoderThatGoesOn(folder, with: "adversarial_weight: 0.5")
    #expect { try autoencoder(folder, output: "wrong", extra: "adversarial_weight: 0") } throws: {
      "\($0)".contains("adversarial_weight") && "\($0)".contains("must be above 0")
    }
  }

  /// A decoder learns from latents that a model of the same encoder has drawn anew, whole or in windows.
  @Test func aDecoderThatLearnsFromRedrawnLatents() throws {
    let scratch = try ScratchFolder()
    let folder = scratch.url
    try pictures(folder.appendingPathComponent("pictures"))
    try autoencoder(folder, output: "first")
    try textToImage(folder, output: "model")
    let frozen = "start_from: \(folder.path)/first/vae\nfrozen: [encoder., quant_conv.]"
    let setting = "redrawn: {model: \(folder.path)/model/model, share: 0.5, steps: 6, last: 2, guidance: 3}"
    let redrawn = frozen + "\n" + setting
    let whole = try decoderThatGoesOn(folder, with: setting)
    try autoencoder(folder, output: "windows", extra: redrawn + "\nwindow: 8")
    let path = "vae/diffusion_pytorch_model.safetensors"
    #expect(try weights(folder, "windows/\(path)") != whole)
    try autoencoder(folder, output: "kept", extra: redrawn + "\nkeep: 0.25")
    let (kept, first) = (try weights(folder, "kept/\(path)"), try weights(folder, "first/\(path)"))
    #expect(kept["decoder.conv_in.weight"] != whole["decoder.conv_in.weight"])
    for (name, values) in kept {
      let (new, old) = (try #require(whole[name]), try #require(first[name]))
      // Both are rounded to float16: once each.
      let isBetween = values.indices.allSatisfy {
        abs(values[$0] - (0.75 * new[$0] + 0.25 * old[$0])) <= 0x1p-10 * max(abs(new[$0]), abs(old[$0])) + 0x1p-24
      }
      #expect(isBetween, "\(name)")
    }
    let values = "model: \(folder.path)/model/model, share: 0.5, steps: 6"
    for (extra, words) in [
      (frozen + "\nredrawn: {\(values), last: 6, guidance: 3}", "redrawn.last"),
      ("redrawn: {\(values), last: 2, guidance: 3}", "is for a decoder that goes on"),
      (redrawn + "\nequivariance: 0.5", "is for a decoder that goes on"), (redrawn + "\nkeep: 1", "keep"),
    ] {
      #expect { try autoencoder(folder, output: "wrong", extra: extra) } throws: { "\($0)".contains(words) }
    }
    // A model that knows the latents of another encoder.
    try autoencoder(folder, output: "other", extra: "latent_noise: 0.2")
    let other = redrawn.replacing("first/vae", with: "other/vae")
    #expect { try autoencoder(folder, output: "wrong", extra: other) } throws: { "\($0)".contains("another encoder") }
  }

  @Test func principalAxesAreUncorrelatedWidestFirst() throws {
    let scratch = try ScratchFolder()
    let folder = scratch.url
    try pictures(folder.appendingPathComponent("pictures"))
    try autoencoder(
      folder, output: "first", extra: "latent_axes: principal\nlatent_noise: 0.3\nequivariance: 0.5")
    try textToImage(folder, output: "model")
    let latents = try TensorFile(folder.appendingPathComponent("latents/shard-00000.safetensors"))
      .tensor("latents").cast(to: .f32).floats()
    let pixels = latents.count / 4
    func covariance(_ i: Int, _ j: Int) -> Double {
      (0..<pixels).reduce(0.0) { $0 + Double(latents[$1 * 4 + i] * latents[$1 * 4 + j]) } / Double(pixels)
    }
    let widths = (0..<4).map { covariance($0, $0) }
    #expect(widths == widths.sorted(by: >) && widths[0] > 2 * widths[3], "\(widths)")
    #expect(abs(widths.reduce(0, +) / 4 - 1) < 0.02, "one scale for all: \(widths)")
    for i in 0..<4 {
      for j in 0..<i { #expect(abs(covariance(i, j)) < 0.02, "channels \(i), \(j)") }
    }
  }

  /// The recipe's options for the next model, as far as folders of pictures go: two averages, zero ends, time that scales.
  @Test func twoAveragesAndAZeroStart() throws {
    let scratch = try ScratchFolder()
    let folder = scratch.url
    try pictures(folder.appendingPathComponent("pictures"))
    try autoencoder(folder, output: "first")
    let loop = "{steps: 3, batch: 2, learning_rate: 0.001, average_lengths: [0.05, 0.25], optimizer: muon, seed: 3}"
    try textToImage(folder, output: "model", extra: "zero_ends: true", loop: loop)
    let path = "unet/diffusion_pytorch_model.safetensors"
    let (first, second) = (
      try weights(folder, "model/model/\(path)"), try weights(folder, "model/model-average-2/\(path)")
    )
    #expect(Set(first.keys) == Set(second.keys) && first != second)
    #expect(!first.keys.contains { $0.hasPrefix("nuisance") })
    // Three steps of at most some thousandths from nothing; a usual start is a tenth.
    let ends = first.filter { $0.key.hasSuffix("conv2.weight") }
    #expect(ends.count == 8 && ends.values.joined().allSatisfy { abs($0) < 0.02 })
    #expect(first["conv_in.weight"]?.contains { abs($0) > 0.1 } == true)
    #expect {
      try textToImage(
        folder, output: "other", extra: "zero_ends: true\nstart_from: \(folder.path)/model/model", loop: loop)
    } throws: { "\($0)".contains("zero_ends is of no use with start_from") }
    let options = [
      "nuisance_weight: 0.05", "singles_first: {share: 0.7, until: 0.3}", "commitment: {every: 50, pairs: 4, seed: 1}",
    ]
    for option in options {
      #expect {
        try textToImage(folder, output: "other", extra: option, loop: loop)
      } throws: { "\($0)".contains("needs scenes") }
    }
  }

  @Test(arguments: ["unet", "text_encoder"]) func onePartTrainsAlone(part: String) throws {
    let scratch = try ScratchFolder()
    let folder = scratch.url
    try pictures(folder.appendingPathComponent("pictures"))
    try autoencoder(folder, output: "first")
    try textToImage(folder, output: "both")
    try textToImage(
      folder, output: "one",
      extra: """
        start_from: \(folder.path)/both/model
        train: [\(part)]
        timestep_sampling: {kind: logit-normal, mean: 0.3, deviation: 1.3}
        """)
    let files = [
      "unet": "model/unet/diffusion_pytorch_model.safetensors", "text_encoder": "model/text_encoder/model.safetensors",
    ]
    for (name, path) in files {
      let (before, after) = (try weights(folder, "both/\(path)"), try weights(folder, "one/\(path)"))
      #expect(Set(before.keys) == Set(after.keys))
      #expect((before == after) == (name != part), "\(name) when \(part) trains")
    }
  }
}
