import Conditioning
import Diffusion
import Foundation
import Jobs
import Synchronization

/// What AUTOMATIC1111 calls options: settings that hold for all requests until they are changed, and for one request as
/// `override_settings`.
struct WebUISettings: Sendable, Equatable {
  /// nil for the bundled model.
  var checkpoint: String?
  /// nil for the model's own.
  var vae: String?
  /// 1 for all layers.
  var clipSkip = 1
  /// Whose noise: AUTOMATIC1111's usual value is the card's, which every `NV` is too.
  var noise = "GPU"
  /// What weights of words do, under AUTOMATIC1111's name.
  var emphasis = "Original"

  /// Sets what an object names.
  /// - Throws: `APIError` for a name that is none of these, and for a value that cannot be had.
  mutating func set(_ values: [String: JSONValue], _ files: ServedFiles, place: String) throws(APIError) {
    var fields = WebUIFields(values, place: place)
    if let name = try fields.text("sd_model_checkpoint"), !name.isEmpty {
      checkpoint = try files.model(name).name
    }
    if let name = try fields.text("sd_vae") {
      let isOwn = ["Automatic", "None", ""].contains(name)
      vae = isOwn ? nil : try ServedFiles.required(name, in: files.autoencoders, "sd_vae").name
    }
    if let skip = try fields.whole("CLIP_stop_at_last_layers") {
      guard (1...12).contains(skip) else { throw fields.refusal("CLIP_stop_at_last_layers", "must be 1 to 12") }
      clipSkip = skip
    }
    if let source = try fields.text("randn_source") {
      guard ["GPU", "CPU", "NV"].contains(source) else {
        throw fields.refusal("randn_source", "must be one of GPU, CPU, NV")
      }
      noise = source
    }
    if let name = try fields.text("emphasis") {
      guard Emphasis(anyName: name) != nil else { throw fields.refusal("emphasis", "is none of this version's") }
      emphasis = name
    }
    try fields.only("samples_format", [], or: ["png"])
    try fields.only("eta_noise_seed_delta", [0])
    try fields.only("img2img_color_correction", [])
    try fields.only("sd_hypernetwork", [], or: ["None"])
    // How often previews are made is decided by what they cost.
    fields.ignore(
      "live_previews_enable", "show_progress_every_n_steps", "show_progress_type", "live_preview_refresh_period",
      "show_progressbar", "save_images_before_face_restoration", "return_grid", "do_not_show_images",
      "sd_checkpoint_hash")
    try fields.finish()
  }

  /// As `GET /sdapi/v1/options` has them.
  func values(default model: String) -> [String: JSONValue] {
    [
      "sd_model_checkpoint": .text(checkpoint ?? model), "sd_vae": .text(vae ?? "Automatic"),
      "CLIP_stop_at_last_layers": .whole(Int64(clipSkip)), "randn_source": .text(noise),
      "emphasis": .text(emphasis), "samples_format": .text("png"), "eta_noise_seed_delta": .whole(0),
      "img2img_color_correction": .flag(false), "sd_hypernetwork": .text("None"), "live_previews_enable": .flag(true),
      "show_progress_every_n_steps": .whole(1), "return_grid": .flag(false), "sd_checkpoint_hash": .text(""),
    ]
  }

  /// Lays them under a job.
  func apply(to job: inout PictureJob) {
    (job.model, job.vae) = (checkpoint ?? job.model, vae ?? job.vae)
    if clipSkip > 1 { job.clipSkip = clipSkip - 1 }
    job.stream = noise == "CPU" ? .torch : .nv
    if let rule = Emphasis(anyName: emphasis), rule != .original { job.emphasis = rule }
  }
}

/// The options of a server.
final class WebUIOptions: Sendable {
  private let state = Mutex(WebUISettings())

  var current: WebUISettings { state.withLock { $0 } }

  func replace(_ settings: WebUISettings) { state.withLock { $0 = settings } }
}
