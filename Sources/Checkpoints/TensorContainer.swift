import SafeTensors

/// A file format that holds named tensors, opened and checked.
protocol TensorContainer: Sendable {
  /// Path of the file or index, for messages.
  var path: String { get }
  /// Names of all tensors, each once.
  var names: [String] { get }
  /// Free text of the file.
  var metadata: [String: String] { get }
  /// Shape and stored type of a tensor; nil if there is none of that name.
  func entry(_ name: String) -> TensorEntry?
  /// A tensor's elements, decoded if the file packs them; nil if there is none of that name.
  func raw(_ name: String) -> RawTensor?
}

/// What a file says about one tensor.
public struct TensorEntry: Sendable, Equatable {
  /// Outermost dimension first.
  public let shape: [Int]
  /// The element type's name in the file: `F16`, `Q8_0`.
  public let storedType: String
  /// The type its elements are read as: the same, or that of the unpacked elements.
  public let type: ElementType

  public var count: Int { shape.reduce(1, *) }

  /// What is wrong with whole numbers where weights should be.
  public var integerProblem: String { "holds \(storedType), whole numbers in place of floating-point ones" }
}

/// A safetensors file as a container.
struct SafeTensorsContainer: TensorContainer {
  let file: SafeTensorsFile

  var path: String { file.file.path }
  var names: [String] { file.names }
  var metadata: [String: String] { file.metadata }

  func entry(_ name: String) -> TensorEntry? {
    file.entry(name).map { TensorEntry(shape: $0.shape, storedType: $0.type.rawValue, type: $0.type) }
  }

  func raw(_ name: String) -> RawTensor? {
    file.entry(name).map {
      RawTensor(type: $0.type, shape: $0.shape, pointer: file.pointer(of: $0), owner: file.file)
    }
  }
}
