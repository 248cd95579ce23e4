import Checkpoints
import Foundation
import Models
import NN
import ReferenceSupport
import TensorCore
import TestSupport
import Testing
import Training

/// Settings of networks that few models have: followed, or refused by name.
@Suite struct NetworkSettingsTests {
  private func folder(_ name: String) -> URL { fixtureURL("network_settings/\(name)") }

  private func check(_ name: String, _ make: (ModelFolder, Tensor, TensorFile) throws -> Tensor) throws {
    let expected = try TensorFile(folder(name).appendingPathComponent("expected.safetensors"))
    let x = try expected.tensor("x")
    let output = try make(ModelFolder(folder(name)), Tensor(channelsFirst: x.floats(), shape: x.shape), expected)
    expectMatch(output.channelsFirstFloats(), try expected.tensor("out").floats(), tolerance: 1e-5, name)
  }

  /// Centred input, scaled sums in the middle, downsamplers padded on two sides, activations of the time embedding and
  /// its width, against diffusers.
  @Test func conditionalNetwork() throws {
    try check("conditional") { part, x, expected in
      let config = try part.decode(UNet2DConditionConfig.self)
      let again = try JSONDecoder().decode(UNet2DConditionConfig.self, from: JSONEncoder().encode(config))
      #expect(again == config)
      let unet = try part.load { path, _ in UNet2DConditionModel(path, again) }.model
      return unet(x, timesteps: [3, 700], encoderHiddenStates: try expected.tensor("context"))
    }
  }

  /// The same of a network on pixels, and attention in one head where `attention_head_dim` is null.
  @Test func unconditionalNetwork() throws {
    try check("unconditional") { part, x, _ in
      let config = try part.decode(UNet2DConfig.self)
      let again = try JSONDecoder().decode(UNet2DConfig.self, from: JSONEncoder().encode(config))
      #expect(again == config && again.attentionHeadDim == nil)
      return try part.load { path, _ in UNet2DModel(path, again) }.model(x, timesteps: [3, 700])
    }
  }

  /// Time that scales and shifts, and text pooled into its embedding: what comes out, and every gradient, the text's states'
  /// too.
  @Test func scaleShiftAndPooledText() throws {
    let name = "scale_shift_text"
    let expected = try TensorFile(folder(name).appendingPathComponent("expected.safetensors"))
    func floats(_ key: String) throws -> [Float] { try expected.tensor(key).floats() }
    let part = ModelFolder(folder(name))
    let config = try part.decode(UNet2DConditionConfig.self)
    let again = try JSONDecoder().decode(UNet2DConditionConfig.self, from: JSONEncoder().encode(config))
    #expect(again == config && again.additionEmbedTypeNumHeads == 4 && again.resnetTimeScaleShift == .scaleShift)
    func make(_ path: ParameterPath, _ keys: [String]) -> UNet2DConditionModel { UNet2DConditionModel(path, again) }
    let (unet, parameters) = try part.load(isTrainable: { _ in true }, make)
    let x = try expected.tensor("x")
    let sample = Tensor(channelsFirst: x.floats(), shape: x.shape)
    let states = try expected.tensor("context")
    let context = Parameter(name: "context", value: Tensor(states.floats(), shape: states.shape), isTrainable: true)
    var output: Tensor?
    let (loss, gradients) = valueAndGradients {
      let y = unet(sample, timesteps: [3, 700], encoderHiddenStates: context.tensor)
      output = y
      return y.squared.mean()
    }
    expectMatch(try #require(output).channelsFirstFloats(), try floats("out"), tolerance: 1e-5, name)
    expectMatch([loss.scalar, 0], [try floats("loss")[0], 0], tolerance: 1e-5, "loss")
    // What keys' biases do is taken away by the softmax: rounding alone.
    let largest = try parameters.map { try floats("grad.\($0.name)").reduce(0) { max($0, abs($1)) } }.max() ?? 0
    for parameter in parameters + [context] {
      let gradient = try #require(gradients[parameter], "\(parameter.name)").floats()
      let wanted = try floats("grad.\(parameter.name)")
      guard wanted.contains(where: { abs($0) > 1e-6 * largest }) else {
        #expect(parameter.name == "add_embedding.pool.k_proj.bias" && gradient.allSatisfy { abs($0) < 1e-6 * largest })
        continue
      }
      expectMatch(gradient, wanted, tolerance: 2e-4, "gradient of \(parameter.name)")
    }
    #expect(parameters.contains { $0.name == "add_embedding.pool.positional_embedding" } && parameters.count > 100)
  }

  /// The same in narrower arithmetics, on a network wide enough for products in 8 bits: 2⁻⁹ and about 2⁻⁷ a value, which
  /// some thirty layers bring to a hundredth and to a few.
  @Test(arguments: [(ProductArithmetic.activations, Float(2e-2)), (.int8, 6e-2)])
  func scaleShiftInNarrowArithmetic(products: ProductArithmetic, limit: Float) throws {
    guard products == .activations || Device.current.noInt8Reason == nil else { return }
    var config = UNet2DConditionConfig()
    (config.blockOutChannels, config.layersPerBlock, config.normNumGroups) = ([64, 128], .one(1), 16)
    config.downBlockTypes = ["DownBlock2D", "CrossAttnDownBlock2D"]
    config.upBlockTypes = ["CrossAttnUpBlock2D", "UpBlock2D"]
    (config.crossAttentionDim, config.attentionHeadDim) = (64, .one(4))
    (config.resnetTimeScaleShift, config.additionEmbedType) = (.scaleShift, "text")
    try config.validate()
    let unet = UNet2DConditionModel(ParameterStore(RandomInitialization(seed: 3)).root, config)
    var random = ExampleRandom(seed: 1, example: 0, epoch: 0)
    let (x, context) = (random.normal([2, 8, 8, 4]), random.normal([2, 5, 64]))
    let exact = unet(x, timesteps: [30, 700], encoderHiddenStates: context)
    let other = ProductArithmetic.$current.withValue(products) {
      unet(x.cast(to: .bf16), timesteps: [30, 700], encoderHiddenStates: context)
    }
    #expect(other.dtype == .bf16)
    let error = Float(((other.cast(to: .f32) - exact).sumOfSquares / exact.sumOfSquares).squareRoot())
    #expect(error > 1e-4 && error < limit, "relative error \(error)")
    let silent = unet(x, timesteps: [30, 700], encoderHiddenStates: context.scaled(by: 0))
    #expect((silent - exact).sumOfSquares > 1e-3 * exact.sumOfSquares, "the text counts")
  }

  // MARK: - What is refused

  private func decode(_ name: String, _ text: String) throws {
    let (decoder, data) = (JSONDecoder(), Data(text.utf8))
    decoder.allowsJSON5 = true
    switch name {
    case "unet": _ = try decoder.decode(UNet2DConditionConfig.self, from: data)
    case "pixels": _ = try decoder.decode(UNet2DConfig.self, from: data)
    case "vae": _ = try decoder.decode(AutoencoderKLConfig.self, from: data)
    case "tiny": _ = try decoder.decode(AutoencoderTinyConfig.self, from: data)
    default: _ = try decoder.decode(CLIPTextConfig.self, from: data)
    }
  }

  @Test(arguments: [
    ("unet", "center_input_sample", "null"), ("unet", "mid_block_scale_factor", "0"),
    ("unet", "mid_block_scale_factor", "-1"), ("unet", "time_embedding_act_fn", #""mish""#),
    ("unet", "timestep_post_act", #""tanh""#), ("unet", "downsample_padding", "2"),
    ("unet", "mid_block_type", "null"), ("unet", "mid_block_type", #""UNetMidBlock2D""#),
    ("unet", "only_cross_attention", "true"), ("unet", "only_cross_attention", "[false, true, false, false]"),
    ("unet", "dual_cross_attention", "true"), ("unet", "class_embed_type", #""timestep""#),
    ("unet", "num_class_embeds", "10"), ("unet", "encoder_hid_dim", "64"),
    ("unet", "encoder_hid_dim_type", #""text_proj""#), ("unet", "resnet_time_scale_shift", #""ada_group""#),
    ("unet", "resnet_skip_time_act", "true"), ("unet", "resnet_out_scale_factor", "1.5"),
    ("unet", "time_embedding_type", #""fourier""#), ("unet", "time_cond_proj_dim", "256"),
    ("unet", "conv_in_kernel", "1"), ("unet", "conv_out_kernel", "5"), ("unet", "attention_type", #""gated""#),
    ("unet", "class_embeddings_concat", "true"), ("unet", "mid_block_only_cross_attention", "true"),
    ("unet", "cross_attention_norm", #""layer_norm""#), ("unet", "reverse_transformer_layers_per_block", "[1]"),
    ("unet", "addition_embed_type", #""image""#), ("unet", "norm_num_groups", "null"), ("unet", "act_fn", #""gelu""#),
    ("unet", "norm_eps", "-1"), ("unet", "norm_eps", "NaN"), ("unet", "freq_shift", "160"),
    ("unet", "sample_size", "9223372036854775807"), ("unet", "sample_size", "0"), ("unet", "unheard_of", "1"),
    ("unet", "quantization_config", #"{"load_in_4bit": true}"#),
    ("pixels", "time_embedding_type", #""learned""#), ("pixels", "downsample_type", #""resnet""#),
    ("pixels", "upsample_type", #""resnet""#), ("pixels", "add_attention", "null"),
    ("pixels", "attn_norm_num_groups", "8"), ("pixels", "mid_block_type", "null"),
    ("pixels", "class_embed_type", #""identity""#), ("pixels", "resnet_time_scale_shift", #""scale_shift""#),
    ("pixels", "sample_size", "9223372036854775807"), ("pixels", "attention_head_dim", "0"),
    ("vae", "latents_mean", "[0, 0, 0, 0]"), ("vae", "latents_std", "[1, 1, 1, 1]"), ("vae", "act_fn", #""gelu""#),
    ("vae", "down_block_types", #"["AttnDownEncoderBlock2D"]"#), ("vae", "up_block_types", #"["UpDecoderBlock2D"]"#),
    ("vae", "scaling_factor", "0"), ("vae", "scaling_factor", "null"), ("vae", "scaling_factor", "NaN"),
    ("vae", "shift_factor", "Infinity"), ("vae", "patch_size", "2"),
    ("tiny", "act_fn", #""gelu""#), ("tiny", "shift_factor", "0.5"), ("tiny", "upsample_fn", #""bilinear""#),
    ("tiny", "upsampling_scaling_factor", "3"), ("tiny", "scaling_factor", "0"),
    ("clip", "eos_token_id", "-9223372036854775808"), ("clip", "eos_token_id", "9223372036854775807"),
    ("clip", "layer_norm_eps", "-1"), ("clip", "model_type", #""t5""#), ("clip", "hidden_act", #""none""#),
    ("clip", "projection_dim", "-1"), ("clip", "quantization_config", #"{"bits": 4}"#), ("clip", "rope_theta", "1"),
  ])
  func refusedByName(network: String, key: String, value: String) {
    #expect {
      try decode(network, "{\"\(key)\": \(value)}")
    } throws: { error in
      let line = (error as? DecodingError)?.oneLine ?? "\(error)"
      return line.contains(key)
    }
  }

  /// What changes nothing is no reason to refuse a model.
  @Test(arguments: [
    ("unet", #"{"dropout": 0.1, "upcast_attention": true, "_name_or_path": "x", "sample_size": null}"#),
    ("unet", #"{"only_cross_attention": [false, false, false, false], "act_fn": "swish", "decay": 0.9999}"#),
    ("unet", #"{"addition_embed_type_num_heads": 3, "resnet_time_scale_shift": "default"}"#),
    ("unet", #"{"time_embedding_act_fn": null, "conv_in_kernel": 3.0, "some_flag": false, "other": null}"#),
    ("pixels", #"{"dropout": 0.1, "num_train_timesteps": 1000}"#),
    ("vae", #"{"force_upcast": true, "latents_mean": null, "latents_std": null, "shift_factor": null}"#),
    ("vae", #"{"latents_mean": [-1.6, 1.8, -1.3, 2.5], "latents_std": [8.4, 5.9, 6.5, 5.2], "scaling_factor": 0.5}"#),
    ("tiny", #"{"latent_magnitude": 3, "latent_shift": 0.5, "shift_factor": 0.0, "force_upcast": false}"#),
    ("clip", #"{"hidden_size": 64, "attention_dropout": 0.1, "top_k": 50, "id2label": {"0": "LABEL_0"}}"#),
  ])
  func accepted(network: String, text: String) {
    #expect(throws: Never.self) { try decode(network, text) }
  }

  /// The file of a whole CLIP has the text encoder's settings inside, without those that are transformers' defaults.
  @Test func nestedTextSettings() throws {
    let text = """
      {"model_type": "clip", "projection_dim": 64, "architectures": ["CLIPModel"], "vision_config": {"hidden_size": 9},
       "text_config": {"num_hidden_layers": 3, "hidden_act": "gelu", "model_type": "clip_text_model"}}
      """
    let config = try JSONDecoder().decode(CLIPTextConfig.self, from: Data(text.utf8))
    #expect(config.layerCount == 3 && config.activation == .gelu)
    #expect(config.hiddenSize == 512 && config.intermediateSize == 2048 && config.headCount == 8)
    let bad = text.replacing("3,", with: "3, \"rope_theta\": 2,")
    #expect(throws: (any Error).self) { try JSONDecoder().decode(CLIPTextConfig.self, from: Data(bad.utf8)) }
  }
}
