import SafeTensors

/// The names a pickle of weights may ask for. What is not here is refused.
///
/// Nothing in this list is ever called: each stands for what this reader builds in its place, or for nothing.
enum PickleGlobal: Sendable, Equatable {
  case rebuildTensor
  case rebuildTensorV2
  case rebuildTensorV3
  case rebuildParameter
  /// `torch._tensor._rebuild_from_type_v2`: a tensor of a class of its own, with attributes.
  case rebuildFromType
  /// `torch.Tensor` and `torch.nn.Parameter`, as the class of such a tensor.
  case tensorClass
  /// A module that is a plain list or dictionary of parameters.
  case parameterContainer(String)
  /// `copyreg._reconstructor`, which makes an object without its state.
  case reconstructor
  case storage(ElementType)
  /// `torch.storage.UntypedStorage`: bytes, whose tensors name their type.
  case untypedStorage
  /// A value such as `torch.float16`.
  case elementType(ElementType)
  case orderedDictionary
  case dictionary
  /// A class that is a dictionary under another name.
  case dictionaryClass(String)
  case size
  case encode
  case numpyScalar
  case numpyType
  case numpyArray
  case rebuildNumpyArray
  /// A value that is only mentioned, and dropped.
  case inert(String)
  /// A class or function whose values hold nothing anybody needs here: calls give values that are dropped.
  case harmless(String)

  /// The value of a name, or nil if weights have no use for it.
  init?(module: String, name: String) {
    switch (module, name) {
    case ("torch._utils", "_rebuild_tensor"): self = .rebuildTensor
    case ("torch._utils", "_rebuild_tensor_v2"): self = .rebuildTensorV2
    case ("torch._utils", "_rebuild_tensor_v3"): self = .rebuildTensorV3
    case ("torch._utils", "_rebuild_parameter"), ("torch._utils", "_rebuild_parameter_with_state"):
      self = .rebuildParameter
    case ("torch", "Size"): self = .size
    case ("torch.storage", "UntypedStorage"), ("torch", "UntypedStorage"): self = .untypedStorage
    case ("torch", _):
      if let type = Self.storages[name] {
        self = .storage(type)
      } else if let type = Self.elementTypes[name] {
        self = .elementType(type)
      } else if name == "Tensor" {
        self = .tensorClass
      } else if ["device", "Generator", "strided", "contiguous_format", "preserve_format"].contains(name) {
        self = .harmless("torch.\(name)")
      } else {
        return nil
      }
    case ("torch._tensor", "_rebuild_from_type_v2"): self = .rebuildFromType
    case ("torch.nn.parameter", "Parameter"): self = .tensorClass
    case ("torch.nn.modules.container", "ParameterDict"), ("torch.nn.modules.container", "ParameterList"):
      self = .parameterContainer(name)
    case ("copy_reg", "_reconstructor"), ("copyreg", "_reconstructor"): self = .reconstructor
    case ("collections", "OrderedDict"): self = .orderedDictionary
    case ("collections", "defaultdict"): self = .dictionary
    case ("__builtin__", "dict"), ("builtins", "dict"): self = .dictionary
    case ("_codecs", "encode"): self = .encode
    case ("numpy.core.multiarray", "scalar"), ("numpy._core.multiarray", "scalar"): self = .numpyScalar
    case ("numpy.core.multiarray", "_reconstruct"), ("numpy._core.multiarray", "_reconstruct"):
      self = .rebuildNumpyArray
    case ("numpy", "dtype"): self = .numpyType
    case ("numpy", "ndarray"): self = .numpyArray
    default:
      guard let other = Self.besideWeights(module, name) else { return nil }
      self = other
    }
  }

  private static let storages: [String: ElementType] = [
    "FloatStorage": .F32, "HalfStorage": .F16, "BFloat16Storage": .BF16, "DoubleStorage": .F64,
    "LongStorage": .I64, "IntStorage": .I32, "ShortStorage": .I16, "CharStorage": .I8,
    "ByteStorage": .U8, "BoolStorage": .BOOL,
  ]

  private static let elementTypes: [String: ElementType] = [
    "float32": .F32, "float16": .F16, "bfloat16": .BF16, "float64": .F64, "int64": .I64, "int32": .I32,
    "int16": .I16, "int8": .I8, "uint8": .U8, "bool": .BOOL, "float8_e4m3fn": .F8_E4M3,
    "float8_e5m2": .F8_E5M2,
  ]

  /// For messages.
  var name: String {
    switch self {
    case .rebuildTensor: "torch._utils._rebuild_tensor"
    case .rebuildTensorV2: "torch._utils._rebuild_tensor_v2"
    case .rebuildTensorV3: "torch._utils._rebuild_tensor_v3"
    case .rebuildParameter: "torch._utils._rebuild_parameter"
    case .rebuildFromType: "torch._tensor._rebuild_from_type_v2"
    case .tensorClass: "torch.Tensor"
    case .parameterContainer(let name): "torch.nn.\(name)"
    case .reconstructor: "copyreg._reconstructor"
    case .storage(let type): "a torch storage of \(type.rawValue)"
    case .untypedStorage: "torch.storage.UntypedStorage"
    case .elementType(let type): "torch's \(type.rawValue)"
    case .orderedDictionary: "collections.OrderedDict"
    case .dictionary: "dict"
    case .size: "torch.Size"
    case .encode: "_codecs.encode"
    case .numpyScalar: "numpy.core.multiarray.scalar"
    case .numpyType: "numpy.dtype"
    case .numpyArray: "numpy.ndarray"
    case .rebuildNumpyArray: "numpy.core.multiarray._reconstruct"
    case .inert(let name), .harmless(let name), .dictionaryClass(let name): name
    }
  }
}
