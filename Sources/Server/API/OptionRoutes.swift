import Diffusion
import Foundation
import Hummingbird
import ModelFiles
import PromptLanguage

/// `/api/options`: what there is to choose from.
struct OptionRoutes: Sendable {
  let server: PictureServer

  func add(to router: some RouterMethods<ServerContext>) {
    router.get("/api/options") { _, _ in
      try await Blocking.run { try JSONAnswer(OptionReport(server)) }
    }
  }
}

/// What there is to choose from, with the models' own settings.
struct OptionReport: Encodable {
  struct Model: Encodable {
    let name, title, family: String
    let loaded: Bool
    let defaults: Defaults
  }

  struct Defaults: Encodable {
    var steps: Int?
    var cfg, guidanceRescale: Float?
    var eta: Double?
    var width, height: Int?
    var sampler, schedule: String?

    /// The names of settings.
    enum CodingKeys: String, CodingKey {
      case steps, cfg, eta, width, height, sampler, schedule
      case guidanceRescale = "guidance_rescale"
    }
  }

  struct Sampler: Encodable {
    let name, title: String
    let schedules: [String]
    let takesEta: Bool
  }

  struct Named: Encodable {
    let name: String
    var title: String?
  }

  struct Style: Encodable {
    let name, prompt, negativePrompt: String
  }

  let models: [Model]
  /// The one that makes pictures if none is named.
  let model: String
  let samplers: [Sampler]
  let schedules, loras, embeddings, vaes: [Named]
  let styles: [Style]
  let version: String
  let limits: [String: Int]

  init(_ server: PictureServer) throws {
    let files = server.desk.folders.files()
    let loaded = server.pool.loaded
    models = files.models.map { entry in
      let summary = server.summaries.of(entry)
      return Model(
        name: entry.name, title: summary.title, family: entry.family ?? entry.kind,
        loaded: loaded.contains(entry.value),
        defaults: summary.defaults)
    }
    model = ModelLocator.defaultPipeline
    samplers = SamplerName.allCases.map { name in
      Sampler(
        name: name.rawValue, title: name.displayName, schedules: name.schedules.map(\.rawValue), takesEta: name.takesEta
      )
    }
    schedules = ScheduleName.allCases.map { Named(name: $0.rawValue, title: $0.displayName) }
    loras = files.adapters.map { Named(name: $0.name) }
    embeddings = files.embeddings.map { Named(name: $0.name) }
    vaes = files.autoencoders.map { Named(name: $0.name) }
    styles = files.styleList.map { Style(name: $0.name, prompt: $0.prompt, negativePrompt: $0.negativePrompt) }
    version = server.options.version
    limits = ["uploadBytes": BodyLimits.bytes / 4 * 3, "queue": JobQueue.limit]
  }
}
