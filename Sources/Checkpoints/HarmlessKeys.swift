/// Keys of checkpoints that hold no weights anybody needs, by rule.
public enum HarmlessKeys {
  /// Constants of the noise schedule, which follow from its configuration, and counters of training.
  private static let constants: Set<String> = [
    "betas", "alphas_cumprod", "alphas_cumprod_prev", "sqrt_alphas_cumprod", "sqrt_one_minus_alphas_cumprod",
    "log_one_minus_alphas_cumprod", "sqrt_recip_alphas_cumprod", "sqrt_recipm1_alphas_cumprod",
    "posterior_variance", "posterior_log_variance_clipped", "posterior_mean_coef1", "posterior_mean_coef2",
    "logvar", "lvlb_weights", "scale_factor", "denoiser.sigmas", "denoiser.log_sigmas", "sigmas", "log_sigmas",
    "model_sampling.sigmas", "model_sampling.log_sigmas", "epoch", "global_step",
  ]

  /// Marks that say how the model predicts (`v_pred`), that its schedule ends without signal (`ztsnr`), the statistics
  /// of its latents and the ends of its continuous noise levels.
  static let marks: Set<String> = [
    "v_pred", "ztsnr", "edm_mean", "edm_std", "edm_vpred.sigma_max", "edm_vpred.sigma_min",
  ]

  /// Training only - averages, loss networks, embeddings being learned - and what looks at finished pictures.
  private static let prefixes = [
    "model_ema.", "first_stage_model.model_ema.", "first_stage_model.loss.", "loss.", "embedding_manager.",
    "cond_stage_model.embedding_manager.", "safety_checker.",
  ]

  /// Where text encoders lie, before the part that names their own tensors.
  private static let encoders = ["cond_stage_model.", "conditioner.embedders.0.", "conditioner.embedders.1."]

  /// What tools write beside a text encoder and not in it: parts of CLIP that no picture needs.
  private static let besideEncoder: Set<String> = ["logit_scale", "text_projection", "text_projection.weight"]

  /// Whether a full key may be left over.
  public static func contains(_ key: String) -> Bool {
    constants.contains(key) || marks.contains(key) || prefixes.contains { key.hasPrefix($0) }
      || key.hasSuffix(".position_ids") || key.hasSuffix(".logit_scale") || isBesideEncoder(key)
  }

  private static func isBesideEncoder(_ key: String) -> Bool {
    encoders.contains { prefix in
      guard key.hasPrefix(prefix) else { return false }
      let rest = String(key.dropFirst(prefix.count))
      return besideEncoder.contains(rest) || PictureEncoderKeys.contains(rest)
    }
  }
}

/// Tensors of a file that are left out, counted by what they are.
public struct SurplusTensors {
  private var counts: [(name: String, count: Int, example: String)] = []

  /// What people may wonder about; constants and counters are in every checkpoint.
  private static func name(_ key: String, usesAverage: Bool) -> String? {
    if key.hasPrefix("model_ema.") { return usesAverage ? nil : "averages of the U-Net's weights, which `ema` takes" }
    // Every published SD 2 has it.
    if key == "cond_stage_model.model.text_projection" { return nil }
    let kinds = [
      ("safety_checker.", "a safety checker"), ("vision_model.", "CLIP's picture encoder"),
      ("visual_projection.", "CLIP's picture encoder"), (".visual.", "CLIP's picture encoder"),
      ("first_stage_model.model_ema.", "averages of the autoencoder's weights"), ("loss.", "a loss network"),
      ("embedding_manager.", "words being learned"), ("text_projection", "a text projection nothing uses"),
    ]
    return kinds.first { key.contains($0.0) }?.1
  }

  /// - Parameter keys: full names of what is left out.
  package init(_ keys: [String], usesAverage: Bool) {
    for key in keys {
      guard let name = Self.name(key, usesAverage: usesAverage) else { continue }
      if let index = counts.firstIndex(where: { $0.name == name }) {
        counts[index].count += 1
      } else {
        counts.append((name, 1, key))
      }
    }
  }

  /// What is left out of some files, in one line; nil if nothing is worth one.
  public static func note(of sources: [CheckpointSource]) -> String? {
    SurplusTensors(sources.flatMap(\.unneededKeys), usesAverage: false).note
  }

  /// One line, or nil if nothing is worth one.
  package var note: String? {
    guard !counts.isEmpty else { return nil }
    let parts = counts.map {
      "\($0.name) (\($0.count == 1 ? $0.example : "\($0.count) tensors, such as \($0.example)"))"
    }
    return "left out, since no picture needs it: " + parts.joined(separator: "; ")
  }
}

/// The half of CLIP that reads pictures, which checkpoints made from a whole CLIP carry beside the text encoder.
package enum PictureEncoderKeys {
  /// transformers' and OpenCLIP's names, without the encoder's prefix.
  private static let prefixes = ["vision_model.", "visual.", "visual_projection."]

  /// - Parameter key: without the prefix of the encoder, but perhaps with `transformer.` or `model.`.
  package static func contains(_ key: String) -> Bool { prefixes.contains { key.hasPrefix($0) } }
}
