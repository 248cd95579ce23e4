import Foundation
import SafeTensors

/// What `torch.save` writes, read without Python: `.ckpt`, `.pt`, `.pth`, `.bin`.
///
/// A zip archive with one pickle and one entry a storage, or the older stream of pickles followed by the storages. The
/// pickle is walked by `PickleMachine`, never executed. Tensors are read from the mapped file when asked for.
struct TorchFile: TensorContainer {
  /// Where the elements of one storage are.
  enum Elements: Sendable {
    case mapped(Range<Int>)
    case unpacked(ByteBuffer)
  }

  let path: String
  let names: [String]
  let metadata: [String: String]
  private let file: MappedFile
  private let tensors: [String: TorchTensor]
  /// Python's numbers, as tensors of one element.
  private let numbers: [String: RawTensor]
  private let storages: [String: Elements]

  /// Opens a file of either layout and checks that every tensor's elements are there.
  init(url: URL) throws(CheckpointError) {
    let file = try MappedFile(path: url.path)
    self.file = file
    path = file.path
    let contents: TorchContents
    if file.bytes.starts(with: "PK".utf8) {
      (contents, storages) = try Self.readArchive(file)
    } else {
      (contents, storages) = try Self.readStream(file)
    }
    names = contents.names
    tensors = contents.tensors
    numbers = contents.numbers.mapValues { number in
      let buffer = ByteBuffer(count: 8)
      buffer.mutableBytes.storeBytes(of: number.bitPattern.littleEndian, as: UInt64.self)
      return RawTensor(type: .F64, shape: [], buffer: buffer)
    }
    metadata = contents.metadata
  }

  func entry(_ name: String) -> TensorEntry? {
    if numbers[name] != nil { return TensorEntry(shape: [], storedType: "number", type: .F64) }
    return tensors[name].map { TensorEntry(shape: $0.shape, storedType: $0.type.rawValue, type: $0.type) }
  }

  func raw(_ name: String) -> RawTensor? {
    if let number = numbers[name] { return number }
    guard let tensor = tensors[name], let elements = storages[tensor.storage.key] else { return nil }
    let (base, owner): (UnsafeRawPointer?, any Sendable) =
      switch elements {
      case .mapped(let range): (file.bytes.baseAddress.map { $0 + range.lowerBound }, file)
      case .unpacked(let buffer): (UnsafeRawPointer(buffer.pointer), buffer)
      }
    guard let base else { return nil }
    let size = tensor.type.byteSize
    let first = base + tensor.offset * size
    if tensor.isContiguous {
      return RawTensor(type: tensor.type, shape: tensor.shape, pointer: first, owner: owner)
    }
    let buffer = ByteBuffer(count: tensor.shape.reduce(1, *) * size)
    withExtendedLifetime(owner) { Self.gather(tensor, from: first, to: buffer.mutableBytes) }
    return RawTensor(type: tensor.type, shape: tensor.shape, buffer: buffer)
  }

  /// Copies a strided view in row-major order.
  private static func gather(
    _ tensor: TorchTensor, from base: UnsafeRawPointer, to out: UnsafeMutableRawBufferPointer
  ) {
    let size = tensor.type.byteSize
    var index = [Int](repeating: 0, count: tensor.shape.count)
    var position = 0
    for destination in stride(from: 0, to: out.count, by: size) {
      let source = UnsafeRawBufferPointer(start: base + position * size, count: size)
      UnsafeMutableRawBufferPointer(rebasing: out[destination..<(destination + size)]).copyMemory(from: source)
      // The next index, as an odometer turns.
      var axis = index.count - 1
      while axis >= 0 {
        index[axis] += 1
        position += tensor.strides[axis]
        if index[axis] < tensor.shape[axis] { break }
        position -= tensor.strides[axis] * tensor.shape[axis]
        index[axis] = 0
        axis -= 1
      }
    }
  }
}

// MARK: - The zip layout

extension TorchFile {
  /// The longest pickle accepted, in bytes; those of checkpoints have some hundred thousand.
  private static let pickleLimit = 256 << 20

  private static func readArchive(
    _ file: MappedFile
  ) throws(CheckpointError) -> (TorchContents, [String: Elements]) {
    let archive = try ZipArchive(file.bytes, path: file.path)
    let pickles = archive.entries.keys.filter { $0 == "data.pkl" || $0.hasSuffix("/data.pkl") }
    guard let name = pickles.min(by: { ($0.count, $0) < ($1.count, $1) }) else {
      throw .notACheckpoint(
        path: file.path, what: "a zip archive without the data.pkl that torch.save writes: unpack it")
    }
    let root = name.dropLast("data.pkl".count)
    if let order = try archive.contents("\(root)byteorder"), order.bytes.starts(with: "big".utf8) {
      throw .unsupported(path: file.path, what: "its numbers are big-endian: save it again on another machine")
    }
    guard (archive.entries[name]?.size ?? 0) <= pickleLimit, let pickle = try archive.contents(name) else {
      throw .damaged(path: file.path, format: "torch", reason: "its pickle is longer than \(pickleLimit) bytes")
    }
    var machine = PickleMachine(LittleEndianReader(pickle.bytes, path: file.path, format: "torch"))
    let contents = try withExtendedLifetime(pickle) { () throws(CheckpointError) in
      TorchContents(try machine.run(), machine.arena, path: file.path)
    }.checked()
    var storages: [String: Elements] = [:]
    for storage in contents.storages {
      let bytes = storage.count * storage.type.byteSize
      guard let elements = try archive.contents("\(root)data/\(storage.key)") else {
        throw .damaged(path: file.path, format: "torch", reason: "storage \(storage.key) is missing")
      }
      guard elements.bytes.count >= bytes else {
        throw .damaged(
          path: file.path, format: "torch",
          reason: "storage \(storage.key) has \(elements.bytes.count) bytes, its pickle claims \(bytes)")
      }
      switch elements {
      case .stored:
        let start = archive.entries["\(root)data/\(storage.key)"]?.range.lowerBound ?? 0
        storages[storage.key] = .mapped(start..<(start + bytes))
      case .unpacked(let buffer): storages[storage.key] = .unpacked(buffer)
      }
    }
    return (contents, storages)
  }
}

// MARK: - The stream before torch 1.6

extension TorchFile {
  /// The integer that starts the stream: 0x1950a86a20f9469cfc6c, little endian.
  private static let magic: [UInt8] = [0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19]

  private static func readStream(
    _ file: MappedFile
  ) throws(CheckpointError) -> (TorchContents, [String: Elements]) {
    var machine = PickleMachine(LittleEndianReader(file.bytes, path: file.path, format: "torch"))
    let first = try machine.run()
    guard case .bigInteger(magic) = first else {
      throw .notACheckpoint(
        path: file.path, what: "a Python pickle that torch.save did not write (it starts with \(first.kind))")
    }
    guard case .integer(1001) = try machine.run(), case .dictionary = try machine.run() else {
      throw .unsupported(path: file.path, what: "a torch stream of another version: save it again with a newer torch")
    }
    let root = try machine.run()
    guard case .list(let keyList) = try machine.run() else {
      throw machine.reader.failure("the list of its storages is missing")
    }
    let contents = try TorchContents(root, machine.arena, path: file.path).checked()
    let known = Dictionary(contents.allStorages.map { ($0.key, $0) }) { first, _ in first }
    var reader = machine.reader
    var storages: [String: Elements] = [:]
    for key in machine.arena[keyList] {
      guard let key = key.textValue, let storage = known[key] else {
        throw reader.failure("its pickle names no storage \(key.textValue ?? key.kind)")
      }
      let count = try reader.length()
      guard count == storage.count else {
        throw reader.failure("storage \(key) has \(count) elements, its pickle claims \(storage.count)")
      }
      let start = reader.position
      _ = try reader.slice(count * storage.type.byteSize)
      storages[key] = .mapped(start..<reader.position)
    }
    if let missing = contents.storages.first(where: { storages[$0.key] == nil }) {
      throw reader.failure("storage \(missing.key) is missing")
    }
    return (contents, storages)
  }
}
