import Checkpoints
import Foundation
import ModelFiles
import TestSupport
import Testing

/// Key names under the original scheme and diffusers' one.
@Suite struct KeyMapTests {
  static let unet = UNetKeys(layersPerBlock: 2, attention: [true, true, true, false])
  static let unetXL = UNetKeys(layersPerBlock: 2, attention: [false, true, true])
  static let vae = AutoencoderKeys(levels: 4)

  /// Pairs as they stand in published checkpoints.
  @Test(arguments: [
    ("input_blocks.0.0.weight", "conv_in.weight"), ("time_embed.2.bias", "time_embedding.linear_2.bias"),
    ("input_blocks.1.0.in_layers.0.weight", "down_blocks.0.resnets.0.norm1.weight"),
    (
      "input_blocks.2.1.transformer_blocks.0.attn1.to_out.0.bias",
      "down_blocks.0.attentions.1.transformer_blocks.0.attn1.to_out.0.bias"
    ),
    ("input_blocks.3.0.op.weight", "down_blocks.0.downsamplers.0.conv.weight"),
    ("input_blocks.4.0.skip_connection.weight", "down_blocks.1.resnets.0.conv_shortcut.weight"),
    ("input_blocks.11.0.out_layers.3.bias", "down_blocks.3.resnets.1.conv2.bias"),
    ("middle_block.0.emb_layers.1.weight", "mid_block.resnets.0.time_emb_proj.weight"),
    ("middle_block.1.proj_in.weight", "mid_block.attentions.0.proj_in.weight"),
    ("middle_block.2.out_layers.0.bias", "mid_block.resnets.1.norm2.bias"),
    ("output_blocks.2.1.conv.weight", "up_blocks.0.upsamplers.0.conv.weight"),
    ("output_blocks.5.2.conv.bias", "up_blocks.1.upsamplers.0.conv.bias"),
    ("output_blocks.11.1.norm.weight", "up_blocks.3.attentions.2.norm.weight"),
    ("out.0.weight", "conv_norm_out.weight"), ("out.2.bias", "conv_out.bias"),
  ])
  func unetNames(original: String, diffusers: String) {
    expectPair(Self.unet, original, diffusers)
  }

  @Test(arguments: [
    ("label_emb.0.0.weight", "add_embedding.linear_1.weight"), ("label_emb.0.2.bias", "add_embedding.linear_2.bias"),
    ("encoder_pooling.0.bias", "add_embedding.norm1.bias"),
    ("encoder_pooling.1.k_proj.weight", "add_embedding.pool.k_proj.weight"),
    ("encoder_pooling.1.positional_embedding", "add_embedding.pool.positional_embedding"),
    ("encoder_pooling.2.weight", "add_embedding.proj.weight"),
    ("encoder_pooling.3.weight", "add_embedding.norm2.weight"),
    (
      "input_blocks.8.1.transformer_blocks.9.ff.net.2.weight",
      "down_blocks.2.attentions.1.transformer_blocks.9.ff.net.2.weight"
    ),
    ("output_blocks.2.2.conv.weight", "up_blocks.0.upsamplers.0.conv.weight"),
    ("output_blocks.8.0.in_layers.2.weight", "up_blocks.2.resnets.2.conv1.weight"),
  ])
  func unetNamesOfSDXL(original: String, diffusers: String) {
    expectPair(Self.unetXL, original, diffusers)
  }

  @Test(arguments: [
    ("encoder.down.0.block.1.conv1.weight", "encoder.down_blocks.0.resnets.1.conv1.weight"),
    ("encoder.down.2.downsample.conv.bias", "encoder.down_blocks.2.downsamplers.0.conv.bias"),
    ("encoder.down.1.block.0.nin_shortcut.weight", "encoder.down_blocks.1.resnets.0.conv_shortcut.weight"),
    ("encoder.mid.block_2.norm1.bias", "encoder.mid_block.resnets.1.norm1.bias"),
    ("encoder.mid.attn_1.norm.weight", "encoder.mid_block.attentions.0.group_norm.weight"),
    ("decoder.mid.attn_1.q.weight", "decoder.mid_block.attentions.0.to_q.weight"),
    ("decoder.mid.attn_1.proj_out.bias", "decoder.mid_block.attentions.0.to_out.0.bias"),
    ("decoder.up.3.block.2.conv2.weight", "decoder.up_blocks.0.resnets.2.conv2.weight"),
    ("decoder.up.1.upsample.conv.weight", "decoder.up_blocks.2.upsamplers.0.conv.weight"),
    ("decoder.norm_out.weight", "decoder.conv_norm_out.weight"), ("quant_conv.bias", "quant_conv.bias"),
  ])
  func autoencoderNames(original: String, diffusers: String) {
    expectPair(Self.vae, original, diffusers)
  }

  @Test func onlyProjectionMatricesWerePointwiseConvolutions() {
    let prefix = "decoder.mid_block.attentions.0"
    #expect(Self.vae.location(of: "\(prefix).to_v.weight") == TensorLocation("decoder.mid.attn_1.v.weight", .pointwise))
    #expect(Self.vae.location(of: "\(prefix).to_v.bias") == TensorLocation("decoder.mid.attn_1.v.bias", .whole))
  }

  @Test(arguments: [
    ("query", "q"), ("key", "k"), ("value", "v"), ("proj_attn", "proj_out"),
  ])
  func diffusersOlderNames(name: String, original: String) {
    let location = Self.vae.location(of: "encoder.mid_block.attentions.0.\(name).weight")
    #expect(location?.key == "encoder.mid.attn_1.\(original).weight")
  }

  @Test func openCLIPNames() {
    let keys = OpenCLIPKeys(layers: 2, hasProjection: true)
    expectPair(keys, "ln_final.bias", "text_model.final_layer_norm.bias")
    expectPair(keys, "positional_embedding", "text_model.embeddings.position_embedding.weight")
    expectPair(keys, "transformer.resblocks.1.mlp.c_fc.weight", "text_model.encoder.layers.1.mlp.fc1.weight")
    let inputs = ["q", "k", "v"].map { "text_model.encoder.layers.0.self_attn.\($0)_proj.bias" }
    #expect(keys.keys(at: "transformer.resblocks.0.attn.in_proj_bias") == inputs)
    for (index, key) in inputs.enumerated() {
      #expect(keys.location(of: key) == TensorLocation("transformer.resblocks.0.attn.in_proj_bias", .third(index)))
    }
    #expect(keys.location(of: "text_projection.weight") == TensorLocation("text_projection", .transposed))
    #expect(keys.isUnneeded("transformer.resblocks.2.ln_1.weight") && keys.isUnneeded("logit_scale"))
    #expect(!keys.isUnneeded("transformer.resblocks.1.ln_1.weight"))
    #expect(OpenCLIPKeys(layers: 2, hasProjection: false).isUnneeded("text_projection"))
  }

  @Test func tinyAutoencoderNames() {
    expectPair(TinyAutoencoderKeys(.decoder), "3.conv.0.weight", "decoder.layers.2.conv.0.weight")
    expectPair(TinyAutoencoderKeys(.encoder), "14.bias", "encoder.layers.14.bias")
    #expect(TinyAutoencoderKeys(.decoder).keys(at: "0.weight").isEmpty)
  }

  /// Every key of the published networks has an original name of its own that leads back.
  @Test(arguments: ["unet", "vae", "clip"]) func everyKeyGoesThereAndBack(network: String) throws {
    let (list, map): (String, any KeyMap) =
      switch network {
      case "unet": ("keys_sd15_unet", Self.unet)
      case "vae": ("keys_vae", Self.vae)
      default: ("keys_clip_l", CLIPTextKeys(isPrefixed: false))
      }
    let text = try String(contentsOf: fixtureURL("reference/keys/\(list).tsv"), encoding: .utf8)
    let keys = text.split(separator: "\n").map { String($0.prefix { $0 != "\t" }) }
    var originals: Set<String> = []
    for key in keys {
      let location = try #require(map.location(of: key), "\(key) has no original name")
      #expect(map.keys(at: location.key) == [key])
      originals.insert(location.key)
    }
    #expect(originals.count == keys.count && keys.count > 100)
  }

  @Test(arguments: [
    "input_blocks.0.1.weight", "input_blocks.99.0.in_layers.0.weight", "output_blocks.x.0.weight",
    "", "..", "input_blocks.01.0.in_layers.0.weight", "input_blocks.-1.0.in_layers.0.weight", "label",
  ])
  func keysOfNoUNet(key: String) {
    #expect(Self.unet.keys(at: key).isEmpty)
  }

  @Test func harmlessKeys() {
    for key in [
      "betas", "alphas_cumprod", "model_ema.decay", "model_ema.diffusion_modelout2bias",
      "first_stage_model.loss.logvar",
      "cond_stage_model.transformer.text_model.embeddings.position_ids", "v_pred", "cond_stage_model.logit_scale",
    ] { #expect(HarmlessKeys.contains(key), "\(key)") }
    for key in ["model.diffusion_model.out.2.bias", "control_model.x", "first_stage_model.encoder.conv_in.bias"] {
      #expect(!HarmlessKeys.contains(key), "\(key)")
    }
  }

  private func expectPair(
    _ map: any KeyMap, _ original: String, _ diffusers: String, sourceLocation: SourceLocation = #_sourceLocation
  ) {
    #expect(map.location(of: diffusers)?.key == original, sourceLocation: sourceLocation)
    #expect(map.keys(at: original) == [diffusers], sourceLocation: sourceLocation)
  }
}
