extension APIDocument {
  private static let text: JSONValue = ["type": ["string", "null"]]
  private static let whole: JSONValue = ["type": ["integer", "null"]]
  private static let number: JSONValue = ["type": ["number", "null"]]
  private static let flag: JSONValue = ["type": ["boolean", "null"]]

  /// What `txt2img` and `img2img` have in common; AUTOMATIC1111's documentation says what it means.
  private static let common: [String: JSONValue] = [
    "prompt": text, "negative_prompt": text, "styles": ["type": ["array", "null"], "items": ["type": "string"]],
    "seed": whole, "subseed": whole, "subseed_strength": number, "steps": whole, "cfg_scale": number, "width": whole,
    "height": whole, "batch_size": whole, "n_iter": whole, "tiling": flag, "sampler_name": text, "scheduler": text,
    "eta": number, "send_images": flag, "save_images": flag, "override_settings": ["type": ["object", "null"]],
    "override_settings_restore_afterwards": flag, "denoising_strength": number,
  ]

  private static func request(_ more: [String: JSONValue]) -> APIOperation.Body {
    .json(["type": "object", "properties": .object(common.merging(more) { first, _ in first })])
  }

  private static let pictures: APIOperation.Answer = .json([
    "type": "object", "required": ["images", "parameters", "info"],
    "properties": [
      "images": ["type": "array", "items": APISchemas.base64], "parameters": ["type": "object"],
      "info": ["type": "string", "description": "JSON: how they were made"],
    ],
  ])

  private static let enlarging: [String: JSONValue] = [
    "resize_mode": whole, "upscaling_resize": number, "upscaling_resize_w": whole, "upscaling_resize_h": whole,
    "upscaling_crop": flag, "upscaler_1": text, "show_extras_results": flag,
  ]

  /// AUTOMATIC1111's API: pictures.
  static let webUIPictures: [APIOperation] = [
    APIOperation(
      "post", "/sdapi/v1/txt2img", "Pictures from words", .webUI, answer: pictures,
      body: request(["enable_hr": flag, "hr_scale": number, "hr_upscaler": text]), failures: [404]),
    APIOperation(
      "post", "/sdapi/v1/img2img", "A picture from a picture", .webUI, answer: pictures,
      body: request([
        "init_images": ["type": ["array", "null"], "items": ["type": "string"]], "mask": text, "mask_blur": number,
        "resize_mode": whole, "inpainting_fill": whole, "inpaint_full_res": ["type": ["boolean", "integer", "null"]],
        "inpaint_full_res_padding": whole, "inpainting_mask_invert": ["type": ["boolean", "integer", "null"]],
      ]), failures: [404]),
    APIOperation(
      "post", "/sdapi/v1/extra-single-image", "Enlarges a picture", .webUI, answer: .json(["type": "object"]),
      body: .json(["type": "object", "properties": .object(enlarging.merging(["image": text]) { first, _ in first })])),
    APIOperation(
      "post", "/sdapi/v1/extra-batch-images", "Enlarges pictures", .webUI, answer: .json(["type": "object"]),
      body: .json([
        "type": "object", "required": ["imageList"],
        "properties": .object(
          enlarging.merging(["imageList": ["type": "array", "items": ["type": "object"]]]) { first, _ in first }),
      ])),
    APIOperation(
      "post", "/sdapi/v1/png-info", "The settings a picture carries", .webUI, answer: .json(["type": "object"]),
      body: .json(["type": "object", "properties": ["image": text]])),
    APIOperation(
      "get", "/sdapi/v1/progress", "How far the running job is, with a preview", .webUI,
      answer: .json([
        "type": "object", "required": ["progress", "eta_relative", "state", "current_image", "textinfo"],
        "properties": ["progress": ["type": "number", "minimum": 0, "maximum": 1], "state": ["type": "object"]],
      ]), failures: [422],
      query: [("skip_current_image", false, ["type": "boolean"], "Whether to leave the preview out")]),
    APIOperation("post", "/sdapi/v1/interrupt", "Ends the running job", .webUI, answer: .json(["type": "object"])),
    APIOperation("post", "/sdapi/v1/skip", "Leaves the running picture out", .webUI, answer: .json(["type": "object"])),
    APIOperation("get", "/sdapi/v1/options", "Settings that hold for all", .webUI, answer: .json(["type": "object"])),
    APIOperation(
      "post", "/sdapi/v1/options", "Changes them", .webUI, answer: .json(["type": "null"]),
      body: .json([
        "type": "object",
        "properties": [
          "sd_model_checkpoint": text, "sd_vae": text, "CLIP_stop_at_last_layers": whole, "randn_source": text,
          "emphasis": text,
        ],
      ])),
  ]

  /// AUTOMATIC1111's API: what there is.
  static let webUILists: [APIOperation] =
    [
      "sd-models", "sd-vae", "loras", "prompt-styles", "samplers", "schedulers", "upscalers", "latent-upscale-modes",
      "hypernetworks", "face-restorers", "realesrgan-models", "script-info", "extensions",
    ].map { name in
      APIOperation(
        "get", "/sdapi/v1/\(name)", "The list of them", .webUI,
        answer: .json(["type": "array", "items": ["type": "object"]]))
    }
    + ["embeddings", "scripts", "memory", "cmd-flags"].map { name in
      APIOperation("get", "/sdapi/v1/\(name)", "What there is", .webUI, answer: .json(["type": "object"]))
    }
    + ["refresh-checkpoints", "refresh-vae", "refresh-loras", "refresh-embeddings"].map { name in
      APIOperation(
        "post", "/sdapi/v1/\(name)", "Looks through the folders again", .webUI, answer: .json(["type": "null"]))
    }
}
