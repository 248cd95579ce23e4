import Foundation
import SafeTensors
import TensorCore

/// Tensors in safetensors files, as values the engine computes with. Loading maps the file; nothing is copied.
public struct TensorFile: Sendable {
  private let checkpoint: ShardedCheckpoint

  /// Opens one safetensors file.
  public init(_ url: URL) throws { checkpoint = try ShardedCheckpoint(file: url) }

  /// Opens a component's weights in a folder: `name.safetensors`, its shards or its 16-bit variant.
  public init(folder: URL, names: [String]) throws {
    checkpoint = try ShardedCheckpoint(directory: folder, baseNames: names)
  }

  public var keys: [String] { checkpoint.names }
  public var metadata: [String: String] { checkpoint.metadata }
  public var path: String { checkpoint.description }

  /// Shape of a tensor, or nil if there is none of that name.
  public func shape(of key: String) -> [Int]? { checkpoint.entry(key)?.shape }

  /// A tensor by name.
  public func tensor(_ key: String) throws -> Tensor {
    guard let tensor = optionalTensor(key) else {
      throw CheckpointError.missingTensor(path: path, name: key)
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

  /// A tensor by name, or nil. 64-bit and 8-bit types are converted; the others stay in the mapped file.
  public func optionalTensor(_ key: String) -> Tensor? {
    guard let entry = checkpoint.entry(key), let (bytes, owner) = checkpoint.bytes(of: key),
      let pointer = bytes.baseAddress
    else { return nil }
    switch entry.type {
    case .F32: return Tensor(mapped: pointer, shape: entry.shape, dtype: .f32, owner: owner)
    case .F16: return Tensor(mapped: pointer, shape: entry.shape, dtype: .f16, owner: owner)
    case .BF16: return Tensor(mapped: pointer, shape: entry.shape, dtype: .bf16, owner: owner)
    case .I32: return Tensor(mapped: pointer, shape: entry.shape, dtype: .i32, owner: owner)
    case .F64: return widened(pointer, entry.shape, Double.self) { Float($0) }
    case .I64: return widened(pointer, entry.shape, Int64.self) { Float($0) }
    case .I16: return widened(pointer, entry.shape, Int16.self) { Float($0) }
    case .I8: return widened(pointer, entry.shape, Int8.self) { Float($0) }
    case .U8, .BOOL: return widened(pointer, entry.shape, UInt8.self) { Float($0) }
    case .F8_E4M3, .F8_E5M2: return nil
    }
  }

  private func widened<T>(
    _ pointer: UnsafeRawPointer, _ shape: [Int], _ type: T.Type, _ convert: (T) -> Float
  ) -> Tensor {
    Tensor(shape: shape) { out in
      for i in out.indices {
        out[i] = convert(
          pointer.loadUnaligned(fromByteOffset: i * MemoryLayout<T>.size, as: T.self))
      }
    }
  }

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
  var elementType: ElementType {
    switch self {
    case .f32: .F32
    case .bf16: .BF16
    case .f16: .F16
    case .i32: .I32
    }
  }
}
