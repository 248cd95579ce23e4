import Foundation
import Testing

/// AUTOMATIC1111's API as its clients use it.
@Suite struct WebUITests {
  /// All that the client `webuiapi` 0.9.17 sends with a request of its own accord.
  static let sentByClients = """
    "enable_hr": false, "hr_scale": 2, "hr_upscaler": "Latent", "hr_second_pass_steps": 0, "hr_resize_x": 0,
    "hr_resize_y": 0, "hr_checkpoint_name": null, "hr_sampler_name": null, "hr_scheduler": null, "hr_prompt": "",
    "hr_negative_prompt": "", "denoising_strength": 0.7, "firstphase_width": 0, "firstphase_height": 0,
    "styles": [], "seed": -1, "subseed": -1, "subseed_strength": 0.0, "seed_resize_from_h": 0, "seed_resize_from_w": 0,
    "batch_size": 1, "n_iter": 1, "steps": 2, "cfg_scale": 7.0, "width": 64, "height": 64, "restore_faces": false,
    "tiling": false, "do_not_save_samples": false, "do_not_save_grid": false, "negative_prompt": "", "eta": 1.0,
    "s_churn": 0, "s_tmax": 0, "s_tmin": 0, "s_noise": 1, "override_settings_restore_afterwards": true,
    "sampler_name": "Euler a", "scheduler": "automatic", "sampler_index": "Euler a", "script_name": null,
    "script_args": [], "send_images": true, "save_images": false, "alwayson_scripts": {}
    """

  private static func body(_ more: String, without names: String...) -> String {
    var lines = sentByClients.split(separator: ",").map(String.init).filter { line in
      !names.contains { !$0.isEmpty && line.contains("\"\($0)\":") }
    }
    lines.append(#""prompt": "a cat""#)
    lines.append(
      more.contains("override_settings\":") ? more : #""override_settings": {"sd_model_checkpoint": "sd1_tiny"}"#)
    if !more.isEmpty, !more.contains("override_settings\":") { lines.append(more) }
    return "{\(lines.joined(separator: ","))}"
  }

  @Test func whatClientsAlwaysSendIsTaken() async throws {
    let server = try await TestServer()
    let answer = try await server.post("/sdapi/v1/txt2img", Self.body(""))
    #expect(answer.status == 200, "\(answer.text)")
    #expect((answer.object["images"] as? [String])?.count == 1)
    #expect((answer.object["parameters"] as? [String: Any])?["sampler_name"] as? String == "Euler a")
    try await server.stop()
  }

  /// What there is none of is refused by its name, never left out.
  @Test func refusals() async throws {
    let server = try await TestServer()
    for (field, instead, message, status) in Self.refused {
      let body = instead == "prompt" ? "{\(field)}" : Self.body(field, without: instead)
      let answer = try await server.post("/sdapi/v1/txt2img", body)
      #expect(answer.status == status && answer.text.contains(message), "\(answer.text)")
      #expect(answer.object["detail"] != nil)
    }
    try await server.stop()
  }

  /// A field, the usual one it stands for, what is said, and the status.
  private static let refused: [(String, String, String, Int)] = [
    (
      #""alwayson_scripts": {"ControlNet": {"args": [{}]}}"#, "alwayson_scripts",
      "always on script ControlNet not found", 422
    ),
    (#""script_name": "X/Y/Z plot""#, "script_name", "Script 'X/Y/Z plot' not found", 422),
    (#""restore_faces": true"#, "restore_faces", "restore_faces", 422),
    (#""s_churn": 5"#, "s_churn", "s_churn", 422), (#""eta": 0.5"#, "eta", "eta", 422),
    (#""seed_resize_from_h": 512"#, "seed_resize_from_h", "seed_resize_from_h", 422),
    (#""override_settings": {"sd_hypernetwork": "x"}"#, "", "override_settings: sd_hypernetwork", 422),
    (#""override_settings": {"sd_model_checkpoint": "../sd1_tiny"}"#, "", "none of that name is served", 422),
    (#""refiner_checkpoint": "x""#, "", "refiner_checkpoint", 422), (#""nonsense": 3"#, "", "nonsense", 422),
    (#""sampler_name": "Nobody""#, "sampler_name", "Sampler not found", 404), (#""steps": 0"#, "steps", "steps", 422),
    (#""steps": "many""#, "steps", "steps", 422), (#""width": 65"#, "width", "65", 422),
    (#""prompt": 3"#, "prompt", "prompt", 422), (#""styles": ["ink"]"#, "styles", "style", 422),
  ]

  /// A picture that is ended before its time is answered as it is, and not what it would have become; no further one is begun.
  @Test(arguments: ["interrupt", "skip"]) func endedPictures(_ way: String) async throws {
    let server = try await TestServer()
    let steps = #""steps": 600, "n_iter": 2, "seed": 1, "save_images": true"#
    let body = Self.body(steps, without: "steps", "n_iter", "seed", "save_images")
    async let made = server.post("/sdapi/v1/txt2img", body)
    var isDrawing = false
    while !isDrawing {
      let state = try await server.get("/sdapi/v1/progress").object["state"] as? [String: Any]
      isDrawing = state?["sampling_step"] as? Int ?? 0 > 0
    }
    _ = try await server.post("/sdapi/v1/\(way)", "")
    if way == "skip" {
      var number = 0
      while number == 0 {
        let state = try await server.get("/sdapi/v1/progress").object["state"] as? [String: Any]
        number = state?["job_no"] as? Int ?? 0
      }
      _ = try await server.post("/sdapi/v1/interrupt", "")
    }
    let answer = try await made
    let images = answer.object["images"] as? [String] ?? []
    #expect(answer.status == 200 && images.count == (way == "skip" ? 2 : 1), "\(answer.text.prefix(300))")
    let gallery = try await server.get("/api/gallery").object["pictures"] as? [Any]
    #expect(gallery?.isEmpty == true, "what was not finished is not kept")
    try await server.stop()
  }

  @Test func listsAndOptions() async throws {
    let server = try await TestServer()
    for name in ["sd-models", "sd-vae", "loras", "samplers", "schedulers", "upscalers", "prompt-styles"] {
      let answer = try await server.get("/sdapi/v1/\(name)")
      let list = try JSONSerialization.jsonObject(with: answer.data)
      #expect(answer.status == 200 && list is [Any])
      // Nobody is told where things lie.
      #expect(!answer.text.contains(server.place.scratch.folder.path))
    }
    #expect(try await server.post("/sdapi/v1/options", #"{"CLIP_stop_at_last_layers": 2}"#).text == "null")
    #expect(try await server.get("/sdapi/v1/options").object["CLIP_stop_at_last_layers"] as? Int == 2)
    let clip = try await server.post("/sdapi/v1/txt2img", Self.body(""))
    #expect(clip.text.contains("Clip skip: 2"), "\(clip.text.suffix(500))")
    #expect(try await server.post("/sdapi/v1/options", #"{"unheard_of": 1}"#).status == 422)
    let idle = try await server.get("/sdapi/v1/progress").object
    #expect(idle["progress"] as? Double == 0 && (idle["state"] as? [String: Any])?["job_count"] as? Int == 0)
    try await server.stop()
  }

  @Test func picturesAreReadAndEnlarged() async throws {
    let server = try await TestServer()
    let image = try Data(contentsOf: server.place.input()).base64EncodedString()
    let info = try await server.post("/sdapi/v1/png-info", #"{"image": "\#(image)"}"#)
    #expect((info.object["info"] as? String)?.hasPrefix("a house\nSteps: 2") == true, "\(info.text)")
    #expect((info.object["parameters"] as? [String: String])?["Seed"] == "9")
    let large = try await server.post(
      "/sdapi/v1/extra-single-image", #"{"image": "\#(image)", "upscaler_1": "Lanczos", "upscaling_resize": 2}"#)
    #expect((large.object["image"] as? String)?.count ?? 0 > 1000)
    for (body, name) in [
      (#"{"image": "aGVsbG8="}"#, "image"), (#"{"image": "\#(image)", "upscaler_1": "ESRGAN"}"#, "ESRGAN"),
    ] {
      let refused = try await server.post("/sdapi/v1/extra-single-image", body)
      #expect(refused.status == 422 && refused.text.contains(name))
    }
    try await server.stop()
  }
}
