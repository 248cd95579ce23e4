import Foundation
import Hummingbird
import Jobs

/// AUTOMATIC1111's `txt2img` and `img2img`: somebody waits for the pictures.
struct WebUIPictureRoutes: Sendable {
  let desk: JobDesk
  let options: WebUIOptions
  let version: String

  func add(to router: some RouterMethods<ServerContext>) {
    router.post("/sdapi/v1/txt2img") { request, context in
      try await make(request, context, isImage: false)
    }
    router.post("/sdapi/v1/img2img") { request, context in
      try await make(request, context, isImage: true)
    }
  }

  private func make(_ request: Request, _ context: ServerContext, isImage: Bool) async throws -> Response {
    try await request.whileConnected(context) { fields in
      let picture = try await Blocking.run {
        try WebUIPicture(fields, isImage: isImage, options: options.current, desk.folders.files())
      }
      let job = try await desk.make([picture.asked], .webUI(saves: picture.saves))[0]
      defer { job.forgetFiles() }
      if let kept = picture.kept { options.replace(kept) }
      return try await Blocking.run { try WebUIAnswer(job, picture, version: version).json() }
    }
  }
}
