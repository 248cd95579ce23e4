import Foundation
import SafeTensors

/// A GGUF file, as stable-diffusion.cpp converts checkpoints to: key-value pairs, tensor descriptions, aligned data.
///
/// Quantised tensors are unpacked to float32 when they are read. Source: ggml project, docs/gguf.md.
struct GGUFFile: TensorContainer {
  let path: String
  let names: [String]
  let metadata: [String: String]
  private let file: MappedFile
  private let tensors: [String: Description]

  /// One tensor of the file, whose bytes are known to lie in it.
  private struct Description: Sendable {
    let type: GGMLType
    /// Outermost dimension first; the file has it the other way round.
    let shape: [Int]
    var start: Int
  }

  /// No model has more.
  private static let tensorLimit = 1_000_000

  /// Maps a file and checks everything it says about itself.
  init(url: URL) throws(CheckpointError) {
    let file = try MappedFile(path: url.path)
    var reader = LittleEndianReader(file.bytes, path: file.path, format: "GGUF", at: 4)
    let version = try reader.u32()
    guard version == 2 || version == 3 else {
      throw .unsupported(path: file.path, what: "GGUF version \(version), this reader takes 2 and 3")
    }
    let (tensorCount, pairCount) = (try reader.length(), try reader.length())
    guard tensorCount <= Self.tensorLimit, pairCount <= Self.tensorLimit else {
      throw reader.failure("it claims \(tensorCount) tensors and \(pairCount) keys")
    }
    var metadata: [String: String] = [:]
    for _ in 0..<pairCount {
      let key = try reader.text(try reader.length())
      if let text = try GGUFValue.read(&reader) { metadata[key] = text }
    }
    var names: [String] = []
    var tensors: [String: Description] = [:]
    for _ in 0..<tensorCount {
      let (name, tensor) = try Self.description(&reader)
      guard tensors.updateValue(tensor, forKey: name) == nil else {
        throw reader.failure("tensor \(name) is in it twice")
      }
      names.append(name)
    }
    let alignment = metadata["general.alignment"].flatMap { Int($0) } ?? 32
    guard alignment > 0, alignment <= 1 << 20, alignment & (alignment - 1) == 0 else {
      throw reader.failure("impossible alignment \(alignment)")
    }
    let dataStart = (reader.position + alignment - 1) / alignment * alignment
    for name in names {
      guard let tensor = tensors[name], let bytes = tensor.type.byteCount(shape: tensor.shape) else { continue }
      let start = dataStart + tensor.start
      guard start <= file.count, bytes <= file.count - start else {
        throw .truncated(path: file.path, missingBytes: start + bytes - file.count)
      }
      tensors[name]?.start = start
    }
    self.file = file
    path = file.path
    self.names = names
    self.tensors = tensors
    self.metadata = metadata
  }

  private static func description(
    _ reader: inout LittleEndianReader
  ) throws(CheckpointError) -> (String, Description) {
    let name = try reader.text(try reader.length())
    let rank = Int(try reader.u32())
    guard rank <= 8 else { throw reader.failure("tensor \(name) has \(rank) dimensions") }
    var shape: [Int] = []
    for _ in 0..<rank { shape.append(try reader.length()) }
    shape.reverse()
    let number = try reader.u32()
    guard let type = GGMLType(rawValue: number) else {
      let what = GGMLType.otherNames[number] ?? "number \(number)"
      throw .unsupported(
        path: reader.path,
        what: "tensor \(name) is of type \(what), this reader takes "
          + GGMLType.allCases.map(\.name).joined(separator: ", "))
    }
    guard type.byteCount(shape: shape) != nil else {
      throw reader.failure("tensor \(name) cannot have the shape \(shape) as \(type.name)")
    }
    return (name, Description(type: type, shape: shape, start: try reader.length()))
  }

  func entry(_ name: String) -> TensorEntry? {
    tensors[name].map { TensorEntry(shape: $0.shape, storedType: $0.type.name, type: $0.type.elementType ?? .F32) }
  }

  func raw(_ name: String) -> RawTensor? {
    guard let tensor = tensors[name], let base = file.bytes.baseAddress else { return nil }
    let start = base + tensor.start
    if let type = tensor.type.elementType {
      return RawTensor(type: type, shape: tensor.shape, pointer: start, owner: file)
    }
    let count = tensor.shape.reduce(1, *)
    let buffer = ByteBuffer(count: count * 4)
    let out = buffer.mutableBytes.bindMemory(to: Float.self)
    withExtendedLifetime(file) { tensor.type.unpack(start, count: count, to: out) }
    return RawTensor(type: .F32, shape: tensor.shape, buffer: buffer)
  }
}

/// A value of the key-value part.
enum GGUFValue {
  /// Reads a value with its type before it: its text, or nil for lists, which are passed over.
  static func read(_ reader: inout LittleEndianReader) throws(CheckpointError) -> String? {
    let type = try reader.u32()
    guard type == 9 else { return try scalar(type, &reader) }
    try skipList(&reader, depth: 0)
    return nil
  }

  /// Lists deeper than this are refused, so that no file can exhaust the stack.
  private static let depthLimit = 64

  /// Passes over a list's element type, length and elements, which may be lists themselves.
  private static func skipList(_ reader: inout LittleEndianReader, depth: Int) throws(CheckpointError) {
    guard depth < depthLimit else {
      throw .unsupported(path: reader.path, what: "has lists of keys nested more than \(depthLimit) deep")
    }
    let (type, count) = (try reader.u32(), try reader.length())
    guard count <= reader.bytes.count else { throw reader.failure("a list of \(count) values") }
    if let size = size(type) {
      _ = try reader.slice(count * size)
    } else if type == 8 {
      for _ in 0..<count { _ = try reader.slice(try reader.length()) }
    } else if type == 9 {
      for _ in 0..<count { try skipList(&reader, depth: depth + 1) }
    } else {
      throw reader.failure("a list of values of unknown type \(type)")
    }
  }

  private static func size(_ type: UInt32) -> Int? {
    switch type {
    case 0, 1, 7: 1
    case 2, 3: 2
    case 4, 5, 6: 4
    case 10, 11, 12: 8
    default: nil
    }
  }

  private static func scalar(
    _ type: UInt32, _ reader: inout LittleEndianReader
  ) throws(CheckpointError) -> String {
    switch type {
    case 0: String(try reader.u8())
    case 1: String(Int8(bitPattern: try reader.u8()))
    case 2: String(try reader.u16())
    case 3: String(Int16(bitPattern: try reader.u16()))
    case 4: String(try reader.u32())
    case 5: String(try reader.i32())
    case 6: String(Float(bitPattern: try reader.u32()))
    case 7: try reader.u8() == 0 ? "false" : "true"
    case 8: try reader.text(try reader.length())
    case 10: String(try reader.u64())
    case 11: String(try reader.i64())
    case 12: String(Double(bitPattern: try reader.u64()))
    default: throw reader.failure("a value of unknown type \(type)")
    }
  }
}
