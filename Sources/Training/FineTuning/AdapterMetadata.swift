import Checkpoints
import Foundation
import Generation
import Jobs

/// What other tools read in an adapter's file (kohya's `ss_*`). No times of day: the same run gives the same bytes.
struct AdapterMetadata {
  let values: [String: String]

  /// - Parameter model: its file or folder.
  init(_ recipe: FineTuningRecipe, training: FineTuningBatches, _ components: PipelineComponents, model: URL) {
    let (loop, pictures) = (recipe.loop, recipe.pictures)
    let perEpoch = training.order(batch: loop.batch, seed: 0).batchesPerEpoch
    let priors = training.examples.count(where: \.picture.isPrior)
    var values = [
      "ss_output_name": URL(fileURLWithPath: recipe.output).deletingPathExtension().lastPathComponent,
      "ss_sd_model_name": components.name, "ss_learning_rate": "\(loop.learningRate)",
      "ss_unet_lr": "\(loop.learningRate)",
      "ss_optimizer": loop.optimizer.rawValue, "ss_lr_scheduler": Self.schedule(loop),
      "ss_lr_warmup_steps": "\(loop.warmupSteps)", "ss_max_train_steps": "\(loop.steps)",
      "ss_max_grad_norm": "\(loop.maxGradientNorm ?? 0)", "ss_total_batch_size": "\(loop.batch * loop.accumulate)",
      "ss_gradient_accumulation_steps": "\(loop.accumulate)",
      "ss_gradient_checkpointing": Self.python(recipe.recomputes),
      "ss_num_train_images": "\(training.count - priors)", "ss_num_reg_images": "\(priors)",
      "ss_num_batches_per_epoch": "\(perEpoch)",
      "ss_num_epochs": "\(max(1, loop.steps * loop.accumulate / max(perEpoch, 1)))",
      "ss_seed": "\(loop.seed)", "ss_mixed_precision": recipe.precision == .bf16 ? "bf16" : "no",
      "ss_enable_bucket": Self.python(pictures.usesBuckets), "ss_cache_latents": "True",
      "ss_caption_dropout_rate": "\(pictures.captionDropout)", "ss_shuffle_caption": Self.python(pictures.shufflesTags),
      "ss_keep_tokens": "\(pictures.keptTags)", "ss_noise_offset": "\(recipe.noiseOffset)",
      "ss_min_snr_gamma": recipe.minSNRGamma.map { "\($0)" } ?? "None", "ss_loss_type": "l2",
      "ss_zero_terminal_snr": Self.python(components.scheduler.rescaleBetasZeroSNR),
      "ss_prior_loss_weight": "\(pictures.priorWeight)",
    ]
    if recipe.method == .lora {
      values["ss_text_encoder_lr"] = recipe.adapter.trainsText ? "\(recipe.adapter.textRate(of: loop))" : "None"
      values["ss_network_args"] = Self.json(
        recipe.adapter.convolutionRank.map {
          ["conv_dim": "\($0)", "conv_alpha": "\(recipe.adapter.scale * Float($0))"]
        } ?? [:])
    }
    let side = pictures.resolution ?? components.defaultSize
    values["ss_resolution"] = "(\(side), \(side))"
    let hashes = ModelHash.ofFile(model)
    values["ss_sd_model_hash"] = hashes?.old ?? ModelHash.short(model)
    values["ss_new_sd_model_hash"] = hashes?.new
    values["ss_bucket_info"] = Self.json([
      "buckets": Dictionary(
        uniqueKeysWithValues: training.buckets.enumerated().map { index, bucket in
          ("\(index)", ["resolution": [bucket.shape.width, bucket.shape.height], "count": bucket.examples.count])
        }) as [String: [String: Any]]
    ])
    let root = URL(fileURLWithPath: pictures.path).lastPathComponent
    var seen: Set<String> = []
    let folders = Dictionary(
      grouping: training.examples.map(\.picture).filter { !$0.isPrior && seen.insert($0.name).inserted }
    ) { RepeatFolder($0.name).name ?? root }
    values["ss_dataset_dirs"] = Self.json(
      folders.mapValues { ["n_repeats": $0[0].repeats, "img_count": $0.count] } as [String: [String: Any]])
    values["ss_tag_frequency"] = Self.json(
      folders.mapValues { pictures in
        let tags = pictures.flatMap { $0.caption.split(separator: ",") }.map { $0.trimmingCharacters(in: .whitespaces) }
        return Dictionary(tags.map { ($0, 1) }, uniquingKeysWith: +)
      } as [String: [String: Any]])
    self.values = values
  }

  /// kohya's name of the rate's course.
  private static func schedule(_ loop: LoopSettings) -> String {
    loop.decay == .constant && loop.warmupSteps > 0 ? "constant_with_warmup" : loop.decay.rawValue
  }

  private static func python(_ value: Bool) -> String { value ? "True" : "False" }

  private static func json(_ object: [String: Any]) -> String {
    let data = try? JSONSerialization.data(withJSONObject: object, options: [.sortedKeys])
    return data.map { String(decoding: $0, as: UTF8.self) } ?? "{}"
  }
}
