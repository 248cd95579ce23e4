import Hummingbird

extension PictureServer {
  /// All routes, one family a file.
  func routes() -> Router<ServerContext> {
    let router = Router(context: ServerContext.self)
    if !options.origins.isEmpty { router.add(middleware: Self.cors(options.origins)) }
    router.add(middleware: ErrorMiddleware())
    router.add(
      middleware: AccessMiddleware(
        access: Access(token: options.token, host: options.host, origins: options.origins)))
    JobRoutes(desk: desk).add(to: router)
    OptionRoutes(server: self).add(to: router)
    GalleryRoutes(gallery: gallery).add(to: router)
    PageRoutes(folder: options.locator.home.appendingPathComponent("Page")).add(to: router)
    ExplainRoutes(server: self, tokenizers: ModelTokenizers(options.locator)).add(to: router)
    MaskRoutes(desk: desk).add(to: router)
    WebUIPictureRoutes(desk: desk, options: webUI, version: options.version).add(to: router)
    WebUIProgressRoutes(desk: desk).add(to: router)
    WebUIListRoutes(server: self).add(to: router)
    WebUIExtraRoutes().add(to: router)
    WebUIOptionRoutes(server: self).add(to: router)
    OpenAIRoutes(server: self).add(to: router)
    TrainingRoutes(desk: trainings).add(to: router)
    DocumentRoutes(version: options.version).add(to: router)
    return router
  }

  private static func cors(_ origins: [String]) -> CORSMiddleware<ServerContext> {
    CORSMiddleware(
      allowOrigin: origins.contains("*") ? .all : .originBased,
      allowHeaders: [.accept, .authorization, .contentType, .origin],
      allowMethods: [.get, .post, .patch, .delete, .head, .options])
  }
}
