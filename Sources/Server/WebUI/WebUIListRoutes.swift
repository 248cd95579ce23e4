import Diffusion
import Foundation
import Hummingbird
import ModelFiles

/// AUTOMATIC1111's lists of what there is. Where it has a path, there is a file's name: nobody is told where things lie.
struct WebUIListRoutes: Sendable {
  let server: PictureServer

  func add(to router: some RouterMethods<ServerContext>) {
    list(router, "sd-models") { server in server.desk.folders.files().models.map { server.model($0) } }
    list(router, "sd-vae") { server in
      server.desk.folders.files().autoencoders.map { entry in
        .object(["model_name": .text(entry.name), "filename": .text(Self.file(entry))])
      }
    }
    list(router, "loras") { server in
      server.desk.folders.files().adapters.map { entry in
        .object([
          "name": .text(entry.name), "alias": .text(entry.name), "path": .text(Self.file(entry)),
          "metadata": .object([:]),
        ])
      }
    }
    list(router, "prompt-styles") { server in
      server.desk.folders.files().styleList.map { style in
        .object([
          "name": .text(style.name), "prompt": .text(style.prompt), "negative_prompt": .text(style.negativePrompt),
        ])
      }
    }
    list(router, "samplers") { _ in SamplerName.allCases.map(Self.sampler) }
    list(router, "schedulers") { _ in Self.schedulers }
    list(router, "upscalers") { _ in WebUIUpscaler.allCases.map(\.description) }
    list(router, "latent-upscale-modes") { _ in
      ["Latent", "Latent (antialiased)"].map { .object(["name": .text($0)]) }
    }
    for name in ["hypernetworks", "face-restorers", "realesrgan-models", "script-info", "extensions"] {
      list(router, name) { _ in [] }
    }
    router.get("/sdapi/v1/embeddings") { _, _ in
      let files = try await Blocking.run { server.desk.folders.files().embeddings }
      let loaded = files.map { entry in
        (
          entry.name,
          JSONValue.object([
            "step": .null, "sd_checkpoint": .null, "sd_checkpoint_name": .null, "shape": .whole(0),
            "vectors": .whole(0),
          ])
        )
      }
      return try JSONAnswer([
        "loaded": JSONValue.object(Dictionary(loaded, uniquingKeysWith: { first, _ in first })),
        "skipped": .object([:]),
      ])
    }
    router.get("/sdapi/v1/scripts") { _, _ in
      try JSONAnswer(["txt2img": [String](), "img2img": [String]()])
    }
    for name in ["refresh-checkpoints", "refresh-vae", "refresh-loras", "refresh-embeddings"] {
      router.post("/sdapi/v1/\(name)") { _, _ in
        _ = try await Blocking.run { server.desk.folders.files(isFresh: true).models.count }
        return try JSONAnswer(JSONValue.null)
      }
    }
  }

  private func list(
    _ router: some RouterMethods<ServerContext>, _ name: String,
    _ values: @escaping @Sendable (PictureServer) -> [JSONValue]
  ) {
    router.get("/sdapi/v1/\(name)") { [server] _, _ in
      try JSONAnswer(try await Blocking.run { values(server) })
    }
  }

  private static func file(_ entry: ServedFiles.Entry) -> String { (entry.path as NSString).lastPathComponent }

  private static func sampler(_ name: SamplerName) -> JSONValue {
    .object([
      "name": .text(name.displayName), "aliases": .list([.text(name.rawValue)]),
      "options": .object(name.automaticSchedule.map { ["scheduler": .text($0.rawValue)] } ?? [:]),
    ])
  }

  private static var schedulers: [JSONValue] {
    [scheduler("automatic", "Automatic", [])]
      + ScheduleName.allCases.filter { $0 != .default }.map { scheduler($0.rawValue, $0.displayName, []) }
  }

  private static func scheduler(_ name: String, _ label: String, _ aliases: [String]) -> JSONValue {
    .object([
      "name": .text(name), "label": .text(label), "aliases": .list(aliases.map { .text($0) }),
      "default_rho": .number(-1),
      "need_inner_model": .flag(false),
    ])
  }
}

extension PictureServer {
  /// A model as AUTOMATIC1111 lists it.
  fileprivate func model(_ entry: ServedFiles.Entry) -> JSONValue {
    .object([
      "title": .text(entry.name), "model_name": .text(entry.name), "hash": .null, "sha256": .null,
      "filename": .text((entry.path as NSString).lastPathComponent), "config": .null,
    ])
  }
}
