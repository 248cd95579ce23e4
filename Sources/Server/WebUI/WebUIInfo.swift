import Foundation
import Images
import Jobs

/// How pictures were made, in AUTOMATIC1111's words.
enum WebUIInfo {
  /// - Parameter files: the job's pictures, in their order.
  static func values(_ job: ServedJob, _ files: [MadeFile], batchSize: Int, _ version: String) -> [String: JSONValue] {
    let (asked, text) = (job.job, GenerationParameters(parsing: files.first?.infotext ?? ""))
    let prompt = files.isEmpty ? asked.prompt ?? "" : text.prompt
    let negative = files.isEmpty ? asked.negativePrompt ?? "" : text.negativePrompt
    let variation = asked.variationSeed ?? (asked.seed ?? 0) &+ 1
    let size = text.size ?? (asked.width ?? 0, asked.height ?? 0)
    let others = text.fields.filter { !named.contains($0.key) }.map { ($0.key, JSONValue.text($0.value)) }
    return [
      "prompt": .text(prompt), "all_prompts": .list(files.map { _ in .text(prompt) }),
      "negative_prompt": .text(negative), "all_negative_prompts": .list(files.map { _ in .text(negative) }),
      "seed": .large(files.first?.seed ?? asked.seed ?? 0), "all_seeds": .list(files.map { .large($0.seed) }),
      "subseed": .large(variation), "all_subseeds": .list(files.map { .large(variation &+ UInt64($0.index)) }),
      "subseed_strength": .number(asked.variationStrength ?? 0), "width": .whole(Int64(size.width)),
      "height": .whole(Int64(size.height)), "sampler_name": .text(text["Sampler"] ?? asked.sampler ?? ""),
      "cfg_scale": number(text["CFG scale"]) ?? .number(Double(asked.cfg ?? 0)),
      "steps": .whole(text["Steps"].flatMap { Int64($0) } ?? Int64(asked.steps ?? 0)),
      "batch_size": .whole(Int64(batchSize)), "restore_faces": .flag(false), "face_restoration_model": .null,
      "sd_model_name": .text(text["Model"] ?? ""), "sd_model_hash": .text(text["Model hash"] ?? ""),
      "sd_vae_name": text["VAE"].map { .text($0) } ?? .null, "sd_vae_hash": text["VAE hash"].map { .text($0) } ?? .null,
      "seed_resize_from_w": .whole(-1), "seed_resize_from_h": .whole(-1),
      "denoising_strength": number(text["Denoising strength"]) ?? .null,
      "extra_generation_params": .object(Dictionary(others, uniquingKeysWith: { first, _ in first })),
      "index_of_first_image": .whole(0), "infotexts": .list(files.map { .text($0.infotext) }),
      "styles": .list((asked.styles ?? []).map { .text($0) }), "job_timestamp": .text(stamp(job.created)),
      "clip_skip": .whole(Int64(asked.clipSkip ?? 0) + 1), "is_using_inpainting_conditioning": .flag(false),
      "version": .text(version),
    ]
  }

  /// Fields of a picture's text that have names of their own above.
  private static let named: Set<String> = [
    "Steps", "Sampler", "CFG scale", "Seed", "Size", "Model", "Model hash", "VAE", "VAE hash", "Denoising strength",
    "Version",
  ]

  private static func number(_ text: String?) -> JSONValue? { text.flatMap(Double.init).map { .number($0) } }

  /// A time as AUTOMATIC1111 writes it.
  static func stamp(_ date: Date) -> String {
    let formatter = DateFormatter()
    (formatter.locale, formatter.dateFormat) = (Locale(identifier: "en_US_POSIX"), "yyyyMMddHHmmss")
    return formatter.string(from: date)
  }
}
