import Diffusion
import Foundation
import Images
import ModelFiles

/// The settings found in a picture, and what of them cannot be had here.
public struct PictureOrigin: Sendable {
  public var job: PictureJob
  /// One line each.
  public var notes: [String]
  /// The model's name as the picture has it.
  public var modelName: String?
  /// Folders in which models and files were looked for.
  public private(set) var places: [String]

  /// Reads a picture's settings.
  /// - Parameters:
  ///   - locator: looks for the model by its name and hash, and leaves `job.model` nil if it is not there; nil does not look.
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
    let home = locator ?? ModelLocator()
    var search = ModelSearch(home: home.home, beside: URL(fileURLWithPath: path))
    modelName = parameters["Model"] ?? parameters.modelHash.map { "of hash \($0)" }
    var model: String?
    if let locator, modelName != nil {
      model = search.model(named: parameters["Model"] ?? "", hash: parameters.modelHash, locator: locator)
      if let model, let folder = try? locator.pipeline(model).folder { search.add(model: folder) }
    }
    places = search.places.map(\.path)
    var reader = InfotextReader(parameters, path: path, search: search)
    try reader.read(editing: editing)
    (job, notes) = (reader.job, reader.notes)
    job.model = model
  }
}

extension GenerationParameters {
  /// The model's hash, under AUTOMATIC1111's name or in the list that Civitai reads.
  var modelHash: String? {
    if let hash = self["Model hash"] { return hash }
    let list = self["Hashes"].flatMap { try? JSONDecoder().decode([String: String].self, from: Data($0.utf8)) }
    return list?["model"]
  }
}
