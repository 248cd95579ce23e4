import SafeTensors

/// A value on a pickle's stack.
///
/// Containers live in the machine's arena and are named by their position there: values never own one another, so
/// deep or circular structures cost nothing to drop, and a container reached twice is stored once.
enum PickleValue: Sendable {
  case none
  case bool(Bool)
  case integer(Int)
  /// An integer of more than 64 bits, little endian.
  case bigInteger([UInt8])
  case real(Double)
  case text(String)
  case bytes([UInt8])
  case list(Int)
  case tuple(Int)
  case dictionary(Int)
  /// A module that is only a container of parameters: their names and values in turn, as in a dictionary.
  case module(Int)
  /// A name from the allow-list, not called yet.
  case global(PickleGlobal)
  case storage(TorchStorage)
  case tensor(TorchTensor)
  /// numpy's name of an element type, such as `f8`.
  case numpyType(String)
  /// An object of a harmless kind that holds nothing anybody needs here.
  case ignored(PickleGlobal)

  var integerValue: Int? {
    if case .integer(let value) = self { value } else { nil }
  }

  var textValue: String? {
    if case .text(let value) = self { value } else { nil }
  }

  /// What to call the value in a message.
  var kind: String {
    switch self {
    case .none: "None"
    case .bool: "a bool"
    case .integer, .bigInteger: "an integer"
    case .real: "a float"
    case .text: "a text"
    case .bytes: "bytes"
    case .list: "a list"
    case .tuple: "a tuple"
    case .dictionary: "a dict"
    case .module: "a module"
    case .global(let global), .ignored(let global): global.name
    case .storage: "a storage"
    case .tensor: "a tensor"
    case .numpyType: "a numpy.dtype"
    }
  }
}

/// A storage a pickle names: elements that lie elsewhere in the file.
struct TorchStorage: Sendable, Equatable {
  let key: String
  let type: ElementType
  /// Number of elements.
  let count: Int
}

/// A tensor as a pickle describes it: a strided view of a storage. Checked against the storage's size.
struct TorchTensor: Sendable, Equatable {
  let storage: TorchStorage
  /// Type of the elements; differs from the storage's if that is only bytes.
  let type: ElementType
  /// In elements, as the strides are.
  let offset: Int
  let shape: [Int]
  let strides: [Int]

  /// Whether the elements lie in row-major order without gaps.
  var isContiguous: Bool {
    var expected = 1
    for (size, stride) in zip(shape, strides).reversed() where size != 1 {
      if stride != expected { return false }
      expected *= size
    }
    return true
  }

  /// Number of elements of the storage in the tensor's type.
  var storageCount: Int { storage.count * storage.type.byteSize / type.byteSize }

  /// What is wrong with the view, or nil: it must stay inside the storage, and be no larger than it.
  var problem: String? {
    guard offset >= 0, shape.count == strides.count, shape.count <= 16 else {
      return "a tensor of shape \(shape), strides \(strides) and offset \(offset)"
    }
    guard let bytes = type.byteCount(shape: shape), strides.allSatisfy({ $0 >= 0 }) else {
      return "a tensor of impossible shape \(shape) and strides \(strides)"
    }
    let count = bytes / type.byteSize
    if count == 0 { return nil }
    var last = offset
    for (size, stride) in zip(shape, strides) {
      let (distance, overflow) = (size - 1).multipliedReportingOverflow(by: stride)
      let (sum, carried) = last.addingReportingOverflow(distance)
      if overflow || carried { return "a tensor of impossible strides \(strides)" }
      last = sum
    }
    if last >= storageCount {
      return "a tensor \(shape) that reaches element \(last) of a storage of \(storageCount)"
    }
    // Strides of 0 repeat elements: a few for a broadcast constant, not a memory full of them.
    if count > max(storageCount, 1 << 16) {
      return "a tensor \(shape) of more elements than its storage of \(storageCount) has"
    }
    return nil
  }
}
