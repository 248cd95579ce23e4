import Configurations

// What is made of every setting of diffusers' and transformers' model classes (their `__init__`).

extension UNet2DConditionConfig {
  static let settings = SettingRules([
    "sample_size": .readOrNull, "in_channels": .read, "out_channels": .read, "block_out_channels": .read,
    "down_block_types": .read, "up_block_types": .read, "layers_per_block": .read, "cross_attention_dim": .read,
    "attention_head_dim": .read, "num_attention_heads": .readOrNull, "transformer_layers_per_block": .read,
    "use_linear_projection": .read, "norm_num_groups": .read, "norm_eps": .read, "flip_sin_to_cos": .read,
    "freq_shift": .read, "addition_embed_type": .readOrNull, "addition_time_embed_dim": .readOrNull,
    "projection_class_embeddings_input_dim": .readOrNull, "center_input_sample": .read,
    "mid_block_scale_factor": .read, "downsample_padding": .read, "time_embedding_dim": .readOrNull,
    "time_embedding_act_fn": .only([nil, "silu", "swish", "gelu", "relu"]),
    "timestep_post_act": .only([nil, "silu", "swish", "gelu", "relu"]),
    "mid_block_type": .only(["UNetMidBlock2DCrossAttn"]), "act_fn": .only(["silu", "swish"]),
    "only_cross_attention": .only([false]), "mid_block_only_cross_attention": .only([nil, false]),
    "dual_cross_attention": .only([false]), "cross_attention_norm": .only([nil]), "attention_type": .only(["default"]),
    "reverse_transformer_layers_per_block": .only([nil]), "encoder_hid_dim": .only([nil]),
    "encoder_hid_dim_type": .only([nil]), "class_embed_type": .only([nil]), "num_class_embeds": .only([nil]),
    "class_embeddings_concat": .only([false]), "resnet_time_scale_shift": .only(["default", "scale_shift"]),
    "resnet_skip_time_act": .only([false]), "resnet_out_scale_factor": .only([1]),
    "time_embedding_type": .only(["positional"]), "time_cond_proj_dim": .only([nil]), "conv_in_kernel": .only([3]),
    "conv_out_kernel": .only([3]), "addition_embed_type_num_heads": .readOrNull,
    // Sums of attention are kept in float32 in any case.
    "upcast_attention": .ignored,
  ]).merging(training)

  /// What only training takes note of, and what diffusers' averages keep beside the network's settings.
  static let training: [String: SettingRules.Rule] = [
    "dropout": .ignored, "gradient_checkpointing": .ignored, "decay": .ignored, "min_decay": .ignored,
    "optimization_step": .ignored, "update_after_step": .ignored, "use_ema_warmup": .ignored, "inv_gamma": .ignored,
    "power": .ignored,
  ]
}

extension UNet2DConfig {
  static let settings = SettingRules([
    "sample_size": .readOrNull, "in_channels": .read, "out_channels": .read, "block_out_channels": .read,
    "down_block_types": .read, "up_block_types": .read, "layers_per_block": .read, "attention_head_dim": .readOrNull,
    "norm_num_groups": .read, "norm_eps": .read, "flip_sin_to_cos": .read, "freq_shift": .read,
    "center_input_sample": .read, "mid_block_scale_factor": .read, "downsample_padding": .read,
    "time_embedding_dim": .readOrNull, "time_embedding_type": .only(["positional"]),
    "mid_block_type": .only(["UNetMidBlock2D"]), "downsample_type": .only(["conv"]), "upsample_type": .only(["conv"]),
    "act_fn": .only(["silu", "swish"]), "attn_norm_num_groups": .only([nil]),
    "resnet_time_scale_shift": .only(["default"]), "add_attention": .read, "class_embed_type": .only([nil]),
    "num_class_embeds": .readOrNull,
    // Only learned embeddings of time need it.
    "num_train_timesteps": .ignored,
  ]).merging(UNet2DConditionConfig.training)
}

extension AutoencoderKLConfig {
  static let settings = SettingRules([
    "in_channels": .read, "out_channels": .read, "latent_channels": .read, "block_out_channels": .read,
    "layers_per_block": .read, "norm_num_groups": .read, "sample_size": .readOrNull, "scaling_factor": .read,
    "shift_factor": .readOrNull, "latents_mean": .readOrNull, "latents_std": .readOrNull,
    "mid_block_add_attention": .read, "use_quant_conv": .read, "use_post_quant_conv": .read,
    "down_block_types": .only(["DownEncoderBlock2D"]), "up_block_types": .only(["UpDecoderBlock2D"]),
    "act_fn": .only(["silu", "swish"]),
    // The arithmetic used here, float32 or bfloat16, has the range that float16 has not.
    "force_upcast": .ignored,
  ]).merging(UNet2DConditionConfig.training)
}

extension AutoencoderTinyConfig {
  static let settings = SettingRules([
    "in_channels": .read, "out_channels": .read, "latent_channels": .read, "encoder_block_out_channels": .read,
    "decoder_block_out_channels": .read, "num_encoder_blocks": .read, "num_decoder_blocks": .read,
    "scaling_factor": .read, "act_fn": .only(["relu"]), "upsample_fn": .only(["nearest"]),
    "upsampling_scaling_factor": .only([2]), "shift_factor": .only([0, nil]),
    // The first is the decoder's widths again; the next two turn latents into 8 bits for storing.
    "block_out_channels": .ignored, "latent_magnitude": .ignored, "latent_shift": .ignored, "force_upcast": .ignored,
  ])
}

extension CLIPTextConfig {
  static let settings = SettingRules([
    "vocab_size": .read, "hidden_size": .read, "intermediate_size": .read, "num_hidden_layers": .read,
    "num_attention_heads": .read, "max_position_embeddings": .read, "hidden_act": .read, "layer_norm_eps": .read,
    "projection_dim": .readOrNull, "eos_token_id": .readOrNull, "architectures": .readOrNull,
    "text_config": .readOrNull,
    "model_type": .only([nil, "clip", "clip_text_model"]),
  ]).merging(general)

  /// Settings of training and of how text is written, and what transformers keeps for models of every kind.
  private static let general: [String: SettingRules.Rule] = Dictionary(
    uniqueKeysWithValues: [
      "text_config_dict", "vision_config", "vision_config_dict", "logit_scale_init_value", "attention_dropout",
      "dropout", "hidden_dropout", "initializer_range", "initializer_factor", "gradient_checkpointing",
      "bos_token_id", "pad_token_id", "sep_token_id", "decoder_start_token_id", "transformers_version", "torch_dtype",
      "dtype", "attn_implementation", "use_cache", "return_dict", "return_unused_kwargs", "output_hidden_states",
      "output_attentions", "output_scores", "output_past", "return_dict_in_generate", "torchscript", "use_bfloat16",
      "tf_legacy_loss", "pruned_heads", "tie_word_embeddings", "tie_encoder_decoder", "chunk_size_feed_forward",
      "is_decoder", "is_encoder_decoder", "cross_attention_hidden_size", "add_cross_attention", "max_length",
      "min_length", "do_sample", "early_stopping", "num_beams", "num_beam_groups", "diversity_penalty", "temperature",
      "top_k", "top_p", "typical_p", "repetition_penalty", "length_penalty", "no_repeat_ngram_size",
      "encoder_no_repeat_ngram_size", "bad_words_ids", "num_return_sequences", "forced_bos_token_id",
      "forced_eos_token_id", "remove_invalid_values", "exponential_decay_length_penalty", "suppress_tokens",
      "begin_suppress_tokens", "finetuning_task", "id2label", "label2id", "num_labels", "tokenizer_class", "prefix",
      "task_specific_params", "problem_type", "xla_device",
    ].map { ($0, .ignored) })
}
