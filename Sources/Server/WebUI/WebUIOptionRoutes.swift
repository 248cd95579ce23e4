import Foundation
import Hummingbird
import Jobs
import ModelFiles

/// AUTOMATIC1111's `options`, `cmd-flags` and `memory`.
struct WebUIOptionRoutes: Sendable {
  let server: PictureServer

  func add(to router: some RouterMethods<ServerContext>) {
    router.get("/sdapi/v1/options") { _, _ in
      try JSONAnswer(server.webUI.current.values(default: ModelLocator.defaultPipeline))
    }
    router.post("/sdapi/v1/options") { request, context in
      let values = try await request.body(of: [String: JSONValue].self, context)
      try await Blocking.run {
        var settings = server.webUI.current
        try settings.set(values, server.desk.folders.files(), place: "")
        server.webUI.replace(settings)
      }
      return try JSONAnswer(JSONValue.null)
    }
    router.get("/sdapi/v1/cmd-flags") { _, _ in
      let options = server.options
      return try JSONAnswer([
        "api": JSONValue.flag(true), "nowebui": .flag(false), "listen": .flag(!Access.isLoopback(options.host)),
        "port": .whole(Int64(options.port)), "api_auth": .null, "gradio_auth": .null,
        "tls_keyfile": .null, "tls_certfile": .null,
        "cors_allow_origins": .text(options.origins.joined(separator: ",")),
      ])
    }
    router.get("/sdapi/v1/memory") { _, _ in
      let (used, free) = try await Blocking.run { (MachineMemory.used() ?? 0, MachineMemory.available() ?? 0) }
      return try JSONAnswer([
        "ram": JSONValue.object([
          "free": .whole(Int64(free)), "used": .whole(Int64(used)), "total": .whole(Int64(free + used)),
        ]), "cuda": .object(["error": .text("there is no card: pictures are computed on the processor")]),
      ])
    }
    for name in ["unload-checkpoint", "reload-checkpoint"] {
      router.post("/sdapi/v1/\(name)") { _, _ -> NoContent in
        throw APIError(.notFound, "\(name) is not in this version: models come and go by themselves")
      }
    }
  }
}
