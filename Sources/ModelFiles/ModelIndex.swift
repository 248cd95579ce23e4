import Checkpoints
import Conditioning
import Foundation

/// `model_index.json`: which class each part of a pipeline is.
public struct ModelIndex: Sendable {
  /// The library and class of one part.
  public struct Component: Sendable, Equatable {
    public let library, className: String
  }

  public let className: String
  private let components: [String: Component]
  let forceZeros: Bool
  /// Names of classes by their numbers (diffusers' `DiTPipeline`); nil if there are none.
  let labels: [String]?

  /// The part of that name; nil if the pipeline has none.
  public func component(_ name: String) -> Component? { components[name] }

  /// Reads the index of a diffusers folder.
  public static func read(_ folder: URL) throws -> ModelIndex {
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: folder.path, isDirectory: &isFolder) else {
      throw GenerationError.noModel(
        path: folder.path, reason: "not found; `model` takes a diffusers folder, a checkpoint file or a pipeline's name"
      )
    }
    guard isFolder.boolValue else {
      throw GenerationError.noModel(path: folder.path, reason: "is a file; this takes a diffusers folder")
    }
    let file = folder.appendingPathComponent("model_index.json")
    guard FileManager.default.fileExists(atPath: file.path) else {
      throw GenerationError.noModel(
        path: folder.path, reason: "has no model_index.json, so it is not a diffusers folder")
    }
    return try parse(try RegularFile.text(file), path: file.path)
  }

  /// Reads the text of an index.
  static func parse(_ text: String, path: String) throws -> ModelIndex {
    guard let object = try? JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any] else {
      throw GenerationError.noModel(path: path, reason: "is not a JSON object")
    }
    var components: [String: Component] = [:]
    for (key, value) in object {
      if let pair = value as? [Any], pair.count == 2, let library = pair[0] as? String,
        let name = pair[1] as? String
      {
        components[key] = Component(library: library, className: name)
      }
    }
    return ModelIndex(
      className: object["_class_name"] as? String ?? "a pipeline without a class",
      components: components,
      forceZeros: object["force_zeros_for_empty_prompt"] as? Bool ?? true,
      labels: (object["id2label"] as? [String: String]).map { names in
        names.sorted { (Int($0.key) ?? 0) < (Int($1.key) ?? 0) }.map(\.value)
      })
  }
}
