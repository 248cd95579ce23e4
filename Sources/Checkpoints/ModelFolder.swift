import Files
import Foundation
import NN
import SafeTensors
import TensorCore

/// A component of a diffusers pipeline: a folder with `config.json` and safetensors weights.
public struct ModelFolder: Sendable {
  public let url: URL
  /// Which of several forms of the weights to take, such as `fp16`; nil for the plain one.
  public let variant: String?

  /// What is wrong with a component's folder.
  public enum Failure: Error, Equatable, CustomStringConvertible {
    case missing(path: String)
    case badConfiguration(path: String, reason: String)

    public var description: String {
      switch self {
      case .missing(let path): "\(path): not found; a diffusers folder has it"
      case .badConfiguration(let path, let reason): "\(path): \(reason)"
      }
    }
  }

  public init(_ url: URL, variant: String? = nil) {
    self.url = url
    self.variant = variant
  }

  /// Decodes a JSON file of the folder.
  public func decode<T: Decodable>(_ type: T.Type, from name: String = "config.json") throws -> T {
    try Self.decode(type, from: url.appendingPathComponent(name))
  }

  /// Decodes a JSON file; errors name the file and the key.
  public static func decode<T: Decodable>(_ type: T.Type, from file: URL) throws -> T {
    guard FileManager.default.fileExists(atPath: file.path) else { throw Failure.missing(path: file.path) }
    let data = try RegularFile.data(file)
    do {
      let decoder = JSONDecoder()
      // Schedulers' files have Python's -Infinity, which plain JSON does not know.
      decoder.allowsJSON5 = true
      return try decoder.decode(type, from: data)
    } catch let error as DecodingError {
      throw Failure.badConfiguration(path: file.path, reason: error.oneLine)
    } catch {
      throw Failure.badConfiguration(path: file.path, reason: "\(error)")
    }
  }

  /// What diffusers and transformers call weights, without endings.
  private static let weightNames = ["diffusion_pytorch_model", "model"]

  /// The folder's weights under the names diffusers and transformers use.
  public func weights() throws -> TensorFile {
    try TensorFile(folder: url, names: Self.weightNames, variant: variant)
  }

  /// The variants of the weights that are there, sorted.
  public var variants: [String] { (try? WeightFiles(url, names: Self.weightNames).variants) ?? [] }

  /// Builds a model from this folder's weights, strictly: every tensor is used and has its shape.
  /// - Parameters:
  ///   - isTrainable: which keys get gradients.
  ///   - adapt: may exchange the weights before the model is built.
  ///   - build: makes the model from its root path; told the checkpoint's keys.
  public func load<Model>(
    isTrainable: @escaping @Sendable (String) -> Bool = { _ in false },
    adapt: (any ParameterSource) throws -> any ParameterSource = { $0 },
    _ build: (ParameterPath, [String]) throws -> Model
  ) throws -> (model: Model, parameters: [Parameter]) {
    let source = try adapt(CheckpointSource(try weights()))
    let store = ParameterStore(source, isTrainable: isTrainable)
    let model = try build(store.root, source.keys)
    try store.finish(ignoring: ["position_ids"])
    return (model, store.parameters)
  }

  /// Writes `config.json` and the weights.
  /// - Parameters:
  ///   - config: encoded with `_class_name` added.
  ///   - name: base name of the weights file.
  ///   - dtype: type the weights are stored in.
  public func save(
    _ parameters: [Parameter], config: some Encodable, className: String, name: String,
    dtype: DType
  ) throws {
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    try Self.writeJSON(config, className: className, to: url.appendingPathComponent("config.json"))
    try TensorFile.write(
      parameters.map { ($0.name, $0.value.cast(to: dtype)) },
      to: url.appendingPathComponent("\(name).safetensors"), metadata: ["format": "pt"])
  }

  /// Writes a configuration as diffusers does: sorted keys, `_class_name` first among them.
  public static func writeJSON(_ value: some Encodable, className: String?, to file: URL) throws {
    var object =
      try JSONSerialization.jsonObject(with: JSONEncoder().encode(value)) as? [String: Any] ?? [:]
    if let className { object["_class_name"] = className }
    let data = try JSONSerialization.data(
      withJSONObject: object, options: [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes])
    do {
      try PartialFile.write(data + Data("\n".utf8), to: file.path)
    } catch {
      throw CheckpointError.unwritable(path: file.path, reason: error.description)
    }
  }
}

extension DecodingError {
  /// The error in one line that names the key.
  public var oneLine: String {
    func path(_ context: Context, _ key: (any CodingKey)? = nil) -> String {
      (context.codingPath + (key.map { [$0] } ?? [])).map(\.stringValue).joined(separator: ".")
    }
    switch self {
    case .keyNotFound(let key, let context): return "key \"\(path(context, key))\" is missing"
    case .typeMismatch(_, let context), .valueNotFound(_, let context):
      return "key \"\(path(context))\" has the wrong type"
    case .dataCorrupted(let context):
      let key = path(context)
      return key.isEmpty ? context.debugDescription : "key \"\(key)\": \(context.debugDescription)"
    @unknown default: return "cannot be decoded"
    }
  }
}
