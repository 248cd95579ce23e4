import Diffusion
import Foundation
import Generation
import Images

/// The settings found in a picture, and what of them cannot be had here.
public struct PictureOrigin: Sendable {
  public var job: PictureJob
  /// One line each.
  public var notes: [String]
  /// The model's name as the picture has it.
  public var modelName: String?

  /// Reads a picture's settings.
  /// - Parameters:
  ///   - locator: looks for the model by its name, and leaves `job.model` nil if it is not there; nil does not look.
  ///   - editing: whether the picture it was made from matters; if not, that there was one is noted.
  public init(_ url: URL, locator: ModelLocator?, editing: Bool = false) throws {
    guard let text = try ImageFile.parameters(of: url) else {
      throw JobError.unreadable(
        path: url.path, reason: "holds no generation parameters, so there is nothing to make it again from")
    }
    try self.init(GenerationParameters(parsing: text), path: url.path, locator: locator, editing: editing)
  }

  /// - Parameter path: for messages.
  public init(
    _ parameters: GenerationParameters, path: String, locator: ModelLocator?, editing: Bool = false
  ) throws(JobError) {
    var reader = ParameterReader(parameters, path: path)
    try reader.read(editing: editing)
    (job, notes) = (reader.job, reader.notes)
    modelName = parameters["Model"]
    guard let modelName, let locator else { return }
    job.model = locator.model(named: modelName)
  }
}

extension ModelLocator {
  /// What to give as `--model` for a model of that name, as metadata has it: a pipeline, or a file or folder where models
  /// lie. nil if there is none.
  public func model(named name: String) -> String? {
    guard !name.isEmpty, !name.contains("/"), !name.hasPrefix(".") else { return nil }
    return pipelineNames.contains(name) ? name : file(named: name)?.path
  }
}
