import Diffusion
import Foundation
import Generation
import ModelFiles
import Synchronization

/// What models say of themselves without being loaded, read once each.
final class ModelSummaries: Sendable {
  struct Summary: Sendable {
    let title: String
    let defaults: OptionReport.Defaults
  }

  private let locator: ModelLocator
  private let known = Mutex<[String: Summary]>([:])

  init(_ locator: ModelLocator) { self.locator = locator }

  /// The summary of a served model. Reads its configuration the first time.
  func of(_ entry: ServedFiles.Entry) -> Summary {
    if let summary = known.withLock({ $0[entry.value] }) { return summary }
    let summary = read(entry)
    known.withLock { $0[entry.value] = summary }
    return summary
  }

  private func read(_ entry: ServedFiles.Entry) -> Summary {
    guard let (spec, folder) = try? locator.pipeline(entry.value) else {
      return Summary(title: entry.name, defaults: OptionReport.Defaults())
    }
    var defaults = OptionReport.Defaults(
      steps: spec.steps, cfg: spec.guidance, guidanceRescale: spec.guidanceRescale, eta: spec.eta, width: spec.width,
      height: spec.height, sampler: spec.sampler?.rawValue)
    if let files = try? PipelineFiles(folder, options: spec.fileOptions(home: locator.home)) {
      let configurations = files.configurations
      let side = configurations.network.sampleSize << (configurations.autoencoder.blockOutChannels.count - 1)
      (defaults.width, defaults.height) = (defaults.width ?? side, defaults.height ?? side)
      defaults.sampler = defaults.sampler ?? SamplerName(files.configurations.scheduler)?.rawValue
    }
    return Summary(title: spec.name, defaults: defaults)
  }
}
