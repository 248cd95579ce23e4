import Foundation
import SafeTensors
import TensorCore

/// Named tensors in a file of any of the formats in use, told apart by content and never by ending.
///
/// Safetensors (one file or shards), what `torch.save` writes (zip and the stream before it) and GGUF. Tensors stay in
/// the mapped file until they are asked for. Nothing in a file is ever executed.
public struct TensorFile: Sendable {
  let container: any TensorContainer
  /// What the file is.
  public let format: FileFormat

  /// Opens one file.
  /// - Throws: `CheckpointError`, which says what is wrong or what else the file is.
  public init(_ url: URL) throws {
    let format = try FileFormat.detect(url)
    self.init(try format.open(url), format)
  }

  /// Opens a component's weights in a folder: one file or shards, safetensors or what `torch.save` wrote, plain or a
  /// variant.
  /// - Parameters:
  ///   - names: what the files may be called, without endings; `pytorch_model.bin` of older tools is one of them.
  ///   - variant: which one to take, such as `fp16`; nil for the plain one, or the only one there is.
  /// - Throws: `CheckpointError`, with what is there.
  public init(folder: URL, names: [String], variant: String? = nil) throws {
    switch try WeightFiles(folder, names: names).choose(variant) {
    case .file(let url): try self.init(url)
    case .index(let url):
      let container = try ShardedContainer(index: url)
      self.init(container, container.format)
    }
  }

  private init(_ container: any TensorContainer, _ format: FileFormat) {
    self.container = container
    self.format = format
  }

  public var keys: [String] { container.names }
  public var metadata: [String: String] { container.metadata }
  public var path: String { container.path }

  /// Shape of a tensor, or nil if there is none of that name.
  public func shape(of key: String) -> [Int]? { container.entry(key)?.shape }

  /// Shape and stored type of a tensor, or nil if there is none of that name.
  public func entry(_ key: String) -> TensorEntry? { container.entry(key) }

  /// A tensor's bytes as the file has them (unpacked, if it packs them), or nil if there is none of that name.
  public func raw(_ key: String) -> RawTensor? { container.raw(key) }

  /// A tensor by name.
  public func tensor(_ key: String) throws -> Tensor {
    guard let tensor = optionalTensor(key) else {
      throw CheckpointError.missingTensor(path: path, name: key)
    }
    return tensor
  }

  /// A tensor by name, which must hold floating-point numbers: nothing is computed with whole ones.
  public func floatTensor(_ key: String) throws -> Tensor {
    if let entry = entry(key), !entry.type.isFloat {
      throw CheckpointError.badTensor(path: path, name: key, reason: entry.integerProblem)
    }
    return try tensor(key)
  }

  /// The same for a tensor that must have the given shape.
  public func floatTensor(_ key: String, shape: [Int]) throws -> Tensor {
    let tensor = try floatTensor(key)
    guard tensor.shape == shape else {
      throw CheckpointError.wrongShape(path: path, name: key, expected: shape, found: tensor.shape)
    }
    return tensor
  }

  /// A tensor by name, which must have the given shape.
  public func tensor(_ key: String, shape: [Int]) throws -> Tensor {
    let tensor = try tensor(key)
    guard tensor.shape == shape else {
      throw CheckpointError.wrongShape(path: path, name: key, expected: shape, found: tensor.shape)
    }
    return tensor
  }

  /// A tensor by name, or nil. Types the engine stores stay in the mapped file; `RawTensor.tensor` says what becomes of
  /// the others.
  public func optionalTensor(_ key: String) -> Tensor? { container.raw(key)?.tensor() }

  /// Writes tensors under a temporary name, then renames.
  public static func write(
    _ tensors: [(String, Tensor)], to url: URL, metadata: [String: String] = [:]
  ) throws {
    let writer = try SafeTensorsWriter(
      url: url, entries: tensors.map { ($0.0, $0.1.dtype.elementType, $0.1.shape) }, metadata: metadata)
    for (_, tensor) in tensors { try tensor.withBytes { try writer.append($0) } }
    try writer.finish()
  }
}

extension DType {
  /// The name of this type in files.
  public var elementType: ElementType {
    switch self {
    case .f32: .F32
    case .bf16: .BF16
    case .f16: .F16
    case .i32: .I32
    }
  }
}
