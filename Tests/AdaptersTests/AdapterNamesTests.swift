import Adapters
import Checkpoints
import Foundation
import TensorCore
import TestSupport
import Testing

/// Names of modules as the tools spell them, resolved against the shapes of published models.
@Suite struct AdapterNamesTests {
  /// A file's name for a module, and ours.
  struct Spelling: Sendable, CustomTestStringConvertible {
    let file: String
    let part: ModelPart
    let module: String
    var testDescription: String { file }
  }

  private static let attention = "attentions.0.transformer_blocks.0.attn1"
  static let spellings: [Spelling] =
    [
      ("lora_unet_down_blocks_1_attentions_0_transformer_blocks_0_attn1_to_q.lora_#.weight", "down_blocks.1.", "to_q"),
      ("unet.up_blocks.2.attentions.0.transformer_blocks.0.attn1.to_k.lora.#.weight", "up_blocks.2.", "to_k"),
      ("unet.mid_block.attentions.0.transformer_blocks.0.attn1.to_v.lora_%.weight", "mid_block.", "to_v"),
      (
        "base_model.model.up_blocks.3.attentions.0.transformer_blocks.0.attn1.to_v.lora_%.weight", "up_blocks.3.",
        "to_v"
      ),
      (
        "base_model.model.up_blocks.3.attentions.0.transformer_blocks.0.attn1.to_v.lora_%.style.weight", "up_blocks.3.",
        "to_v"
      ),
      (
        "down_blocks.2.attentions.0.transformer_blocks.0.attn1.processor.to_out_lora.#.weight", "down_blocks.2.",
        "to_out.0"
      ),
      ("lora_unet_middle_block_1_transformer_blocks_0_attn1_to_out_0.lora_#.weight", "mid_block.", "to_out.0"),
      ("lora_unet_input_blocks_4_1_transformer_blocks_0_attn1_to_q.lora_#.weight", "down_blocks.1.", "to_q"),
      ("lora_unet_output_blocks_6_1_transformer_blocks_0_attn1_to_q.lora_#.weight", "up_blocks.2.", "to_q"),
    ].map { Spelling(file: $0.0, part: .unet, module: $0.1 + attention + "." + $0.2) }
    + [
      ("lora_unet_input_blocks_3_0_op.lora_#.weight", "down_blocks.0.downsamplers.0.conv"),
      ("lora_unet_output_blocks_2_1_conv.lora_#.weight", "up_blocks.0.upsamplers.0.conv"),
      ("lora_unet_output_blocks_5_2_conv.lora_#.weight", "up_blocks.1.upsamplers.0.conv"),
      ("lora_unet_output_blocks_2_0_skip_connection.lora_#.weight", "up_blocks.0.resnets.2.conv_shortcut"),
      ("lora_unet_middle_block_2_in_layers_2.lora_#.weight", "mid_block.resnets.1.conv1"),
      ("lora_unet_input_blocks_1_0_emb_layers_1.lora_#.weight", "down_blocks.0.resnets.0.time_emb_proj"),
      ("lora_unet_time_embed_2.lora_#.weight", "time_embedding.linear_2"),
      ("lora_unet_out_2.lora_#.weight", "conv_out"),
      ("lycoris_down_blocks_0_resnets_1_conv2.lora_#.weight", "down_blocks.0.resnets.1.conv2"),
      ("unet.base_model.model.conv_in.lora_%.weight", "conv_in"),
    ].map { Spelling(file: $0.0, part: .unet, module: $0.1) }
    + [
      ("lora_te_text_model_encoder_layers_3_mlp_fc1.lora_#.weight", "mlp.fc1"),
      ("lora_te1_text_model_encoder_layers_3_self_attn_out_proj.lora_#.weight", "self_attn.out_proj"),
      ("text_encoder.encoder.layers.3.self_attn.k_proj.lora_%.weight", "self_attn.k_proj"),
      ("text_encoder.text_model.encoder.layers.3.self_attn.to_out_lora.#.weight", "self_attn.out_proj"),
    ].map { Spelling(file: $0.0, part: .textEncoder, module: "text_model.encoder.layers.3." + $0.1) }

  /// One module's low-rank matrices find their weight, whatever they are called.
  @Test(arguments: spellings)
  func spelling(_ spelling: Spelling) throws {
    let unet = try ShapeList(published: "keys_sd15_unet")
    let text = try ShapeList(published: "keys_clip_l")
    let shape = try #require((spelling.part == .unet ? unet : text).shape(of: spelling.module + ".weight"))
    func key(_ lower: String, _ letter: String) -> String {
      spelling.file.replacingOccurrences(of: "#", with: lower).replacingOccurrences(of: "%", with: letter)
    }
    let tensors = [
      key("down", "A"): Tensor.zeros([1] + shape.dropFirst()), key("up", "B"): Tensor.zeros([shape[0], 1]),
    ]
    try AdapterFixtures.withFile(tensors) { url in
      let merger = try AdapterMerger([AdapterRequest(path: url.path)], networks: [.unet: unet, .textEncoder: text])
      #expect(merger.changedKeys(of: spelling.part) == [spelling.module + ".weight"])
      #expect(merger.reports[0].unusedKeys == [])
    }
  }

  /// kohya's files for SD 1.x have 192 modules in the U-Net and 72 in the text encoder; all of them are found.
  @Test func everyModuleOfAKohyaFile() throws {
    let unet = try ShapeList(published: "keys_sd15_unet")
    let text = try ShapeList(published: "keys_clip_l")
    var tensors: [String: Tensor] = [:]
    for (prefix, list) in [("lora_unet_", unet), ("lora_te_", text)] {
      for (key, shape) in list.shapes where key.hasSuffix(".weight") && shape.count > 1 {
        let isChosen =
          prefix == "lora_te_"
          ? key.contains(".self_attn.") || key.contains(".mlp.") : key.contains("attentions.") && !key.contains("norm")
        guard isChosen else { continue }
        let name = prefix + key.dropLast(".weight".count).replacingOccurrences(of: ".", with: "_")
        tensors[name + ".lora_down.weight"] = .zeros([1] + shape.dropFirst())
        tensors[name + ".lora_up.weight"] = .zeros([shape[0], 1] + shape.dropFirst(2))
        tensors[name + ".alpha"] = Tensor([Float(1)], shape: [])
      }
    }
    try AdapterFixtures.withFile(tensors, metadata: ["ss_base_model_version": "sd_v1"]) { url in
      let merger = try AdapterMerger([AdapterRequest(path: url.path)], networks: [.unet: unet, .textEncoder: text])
      let report = merger.reports[0]
      #expect(report.modules == ["unet": 192, "text_encoder": 72])
      #expect(report.matchedKeys == 792 && report.unusedKeys == [])
      #expect(report.base.family == .sd1)
    }
  }

  /// cloneofsimo's files number the layers as torch registered them: attention before feed-forward before
  /// cross-attention, the middle block last.
  @Test(arguments: [true, false])
  func numberedLayers(_ isNamed: Bool) throws {
    let unet = try ShapeList(published: "keys_sd15_unet")
    let blocks =
      (0..<3).flatMap { level in (0..<2).map { "down_blocks.\(level).attentions.\($0)" } }
      + (1..<4).flatMap { level in (0..<3).map { "up_blocks.\(level).attentions.\($0)" } } + ["mid_block.attentions.0"]
    let first = ["attn1.to_q", "attn1.to_k", "attn1.to_v", "attn1.to_out.0"]
    let layers = first + (isNamed ? ["ff.net.0.proj"] : []) + first.map { $0.replacingOccurrences(of: "1", with: "2") }
    let names = blocks.flatMap { block in layers.map { "\(block).transformer_blocks.0.\($0).weight" } }
    #expect(names.count == (isNamed ? 144 : 128))
    var tensors: [String: Tensor] = ["<s1>": .zeros([768])]
    for (index, name) in names.enumerated() {
      let shape = try #require(unet.shape(of: name))
      tensors[isNamed ? "unet:\(index):up" : "\(2 * index)"] = .zeros([shape[0], 1])
      tensors[isNamed ? "unet:\(index):down" : "\(2 * index + 1)"] = .zeros([1, shape[1]])
    }
    try AdapterFixtures.withFile(tensors, metadata: ["<s1>": "<embed>"]) { url in
      // Any other order has a module with another shape somewhere.
      let merger = try AdapterMerger([AdapterRequest(path: url.path)], networks: [.unet: unet])
      let report = merger.reports[0]
      #expect(merger.changedKeys(of: .unet) == names.sorted())
      #expect(report.format == .cloneofsimo && report.embeddings == ["<s1>"] && report.unusedKeys == [])
      #expect(report.base.family == .sd1)
    }
  }
}
