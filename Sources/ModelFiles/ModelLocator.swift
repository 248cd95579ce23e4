import Checkpoints
import Conditioning
import Foundation
import Yams

/// Finds models, pipelines and recipes by what a person types.
///
/// What has a slash in it is a path, and so is the name of a model's file that is there. Any other name is looked up among
/// what the program brought along first, and in the working directory last: nothing that happens to lie there takes the
/// place of the program's own.
public struct ModelLocator: Sendable {
  /// The pipeline that runs when none is named.
  public static let defaultPipeline = "scenes"
  /// Endings of files that hold models.
  public static let endings = ["safetensors", "sft", "ckpt", "pt", "pth", "bin", "gguf"]
  /// Folder that holds `Pipelines/`, `Prompts/` and `Weights/`.
  public let home: URL
  /// Where names are looked up last.
  package let workingDirectory: URL

  /// Takes the home from `IMAGO_HOME`, else from above the program's own file (with `share/imago` there, as `make install`
  /// lays it out), else from above the working directory.
  public init(
    environment: [String: String] = ProcessInfo.processInfo.environment,
    executable: String? = Bundle.main.executablePath,
    workingDirectory: String = FileManager.default.currentDirectoryPath
  ) {
    self.workingDirectory = URL(fileURLWithPath: workingDirectory)
    if let given = environment["IMAGO_HOME"], !given.isEmpty {
      home = URL(fileURLWithPath: given)
      return
    }
    let starts = [executable.map { URL(fileURLWithPath: $0).resolvingSymlinksInPath() }, self.workingDirectory]
    home = starts.compactMap { $0.flatMap(Self.home(above:)) }.first ?? self.workingDirectory
  }

  /// - Parameters:
  ///   - home: the folder that holds `Pipelines/` and `Weights/`.
  ///   - workingDirectory: where names are looked up last.
  public init(home: URL, workingDirectory: URL) { (self.home, self.workingDirectory) = (home, workingDirectory) }

  private static func home(above start: URL) -> URL? {
    var folder = start
    while folder.path != "/" {
      for place in [folder, folder.appendingPathComponent("share/imago")] where isHome(place) { return place }
      folder.deleteLastPathComponent()
    }
    return nil
  }

  private static func isHome(_ folder: URL) -> Bool {
    exists(folder.appendingPathComponent("Pipelines/\(defaultPipeline).yaml"))
  }

  private static func exists(_ url: URL) -> Bool { FileManager.default.fileExists(atPath: url.path) }

  // MARK: Models

  /// The pipeline for `--model`; the bundled one if nil.
  public func pipeline(_ model: String?) throws -> (spec: PipelineSpec, folder: URL) {
    guard let model else { return try read(pipelines.appendingPathComponent("\(Self.defaultPipeline).yaml")) }
    if isPath(model, endings: Self.endings) {
      let path = URL(fileURLWithPath: model)
      return (PipelineSpec(folder: path), path)
    }
    let pipeline = pipelines.appendingPathComponent("\(model).yaml")
    if Self.exists(pipeline) { return try read(pipeline) }
    guard let path = file(named: model) else {
      throw GenerationError.noModel(
        path: model,
        reason: "neither a folder, nor a file, nor a pipeline in \(pipelines.path); imago models lists what is there")
    }
    return (PipelineSpec(folder: path), path)
  }

  /// Whether `--model` means the bundled one, by whatever name.
  public func isBundled(_ model: String?) -> Bool {
    guard let model, let named = try? pipeline(model).folder, let own = try? pipeline(nil).folder else {
      return model == nil
    }
    return named.resolvingSymlinksInPath().path == own.resolvingSymlinksInPath().path
  }

  /// Where models lie that are found by their name alone, those of the program first.
  public var modelFolders: [URL] {
    ["Weights", "models"].map { home.appendingPathComponent($0) }
      + ["", "models", "models/Stable-diffusion", "models/checkpoints"].map {
        $0.isEmpty ? workingDirectory : workingDirectory.appendingPathComponent($0)
      }
  }

  /// The folder or file of that name, with or without its ending, in the folders for models.
  public func file(named name: String) -> URL? {
    guard !name.isEmpty, !name.contains("/") else { return nil }
    for folder in modelFolders {
      for ending in [""] + Self.endings.map({ ".\($0)" }) {
        let url = folder.appendingPathComponent(name + ending)
        if Self.exists(url) { return url }
      }
    }
    return nil
  }

  /// Whether a text says where something is, and is no name to be looked up.
  private func isPath(_ text: String, endings: [String]) -> Bool {
    let url = URL(fileURLWithPath: text, relativeTo: workingDirectory)
    return text.contains("/") || (endings.contains(url.pathExtension.lowercased()) && Self.exists(url))
  }

  /// The folder of a network that guides: a path, or a name that is looked up in the model's own folder, in `Weights/` and
  /// in the working folder.
  /// - Parameters:
  ///   - flag: what names it, for messages.
  ///   - model: the model's file or folder.
  public func guide(_ text: String, flag: String, model: URL) throws(GenerationError) -> URL {
    if text.contains("/") { return URL(fileURLWithPath: text, relativeTo: workingDirectory).standardizedFileURL }
    let places = [model, home.appendingPathComponent("Weights"), workingDirectory].map {
      $0.appendingPathComponent(text)
    }
    let found = places.first { Self.exists($0.appendingPathComponent(GuideFolder.indexName)) }
    guard let found else {
      throw .noModel(
        path: text,
        reason: "\(flag) found none of that name in "
          + places.map { $0.deletingLastPathComponent().path }.joined(separator: ", ") + "; imago train makes one")
    }
    return found
  }

  // MARK: Pipelines and recipes

  /// Where pipelines and recipes lie.
  public var pipelines: URL { home.appendingPathComponent("Pipelines") }

  /// Names in `Pipelines/`, sorted.
  public var pipelineNames: [String] {
    ((try? FileManager.default.contentsOfDirectory(atPath: pipelines.path)) ?? [])
      .filter { $0.hasSuffix(".yaml") }.map { String($0.dropLast(5)) }.sorted()
  }

  /// A recipe's file by its path or its name in `Pipelines/`.
  public func recipe(_ text: String) throws -> URL {
    if isPath(text, endings: ["yaml", "yml"]) { return URL(fileURLWithPath: text) }
    let name = (text as NSString).pathExtension == "yaml" ? (text as NSString).deletingPathExtension : text
    let file = pipelines.appendingPathComponent("\(name).yaml")
    guard Self.exists(file) else {
      throw GenerationError.noModel(
        path: text, reason: "no file, and no recipe of \(pipelines.path): \(pipelineNames.joined(separator: ", "))")
    }
    return file
  }

  /// The vocabulary of scenes that came with the program.
  public var sceneVocabulary: URL { pipelines.appendingPathComponent("data/scenes-256-vocabulary.txt") }

  private func read(_ file: URL) throws -> (spec: PipelineSpec, folder: URL) {
    guard let text = try? String(contentsOf: file, encoding: .utf8) else {
      throw GenerationError.noModel(
        path: file.path,
        reason: "not found: the program's folder is missing; say with IMAGO_HOME where its Pipelines/ and Weights/ lie")
    }
    do {
      let spec = try YAMLDecoder().decode(PipelineSpec.self, from: text)
      return (spec, URL(fileURLWithPath: spec.model, relativeTo: home).absoluteURL)
    } catch let error as DecodingError {
      throw GenerationError.noModel(path: file.path, reason: error.oneLine)
    } catch {
      throw GenerationError.noModel(path: file.path, reason: "is not a pipeline's YAML")
    }
  }
}
