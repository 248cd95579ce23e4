/// Names of things people keep beside weights - settings, counters, paths, times, states of random generators.
///
/// They are let pass because nothing can be done with them: values of these classes are read over and dropped, whatever
/// they are said to be made of. What they are made of must be on the allow-list, too.
extension PickleGlobal {
  /// The value of such a name; nil for all others.
  static func besideWeights(_ module: String, _ name: String) -> PickleGlobal? {
    let full = "\(module).\(name)"
    // A dotted name reaches into a class for something else.
    guard !name.contains("."), !name.hasPrefix("_") || privateNames.contains(full) else { return nil }
    if dictionaries.contains(full) { return .dictionaryClass(full) }
    if let names = classes[module] { return names.contains(name) ? .harmless(full) : nil }
    if privateNames.contains(full) { return .harmless(full) }
    // Classes have names in capitals; functions of these packages do work.
    guard let first = name.unicodeScalars.first, ("A"..."Z").contains(first) else { return nil }
    let package = module.prefix { $0 != "." }
    if package == "omegaconf" || module == "typing" { return .harmless(full) }
    // Old training checkpoints use such classes themselves as keys of their callbacks' state.
    if lightning.contains(String(package)) { return .inert(full) }
    return module.hasPrefix("numpy.random") ? .harmless(full) : nil
  }

  private static let lightning: Set<String> = [
    "pytorch_lightning", "lightning", "lightning_fabric", "lightning_utilities",
  ]

  private static let builtins: Set<String> = [
    "set", "frozenset", "bytearray", "bytes", "complex", "range", "xrange", "slice", "long", "unicode", "list", "tuple",
    "str", "int", "float",
    "bool",
    "object",
  ]

  private static let paths: Set<String> = [
    "Path", "PosixPath", "WindowsPath", "PurePath", "PurePosixPath", "PureWindowsPath",
  ]

  private static let classes: [String: Set<String>] = [
    "builtins": builtins, "__builtin__": builtins, "pathlib": paths, "pathlib._local": paths,
    "collections": ["deque", "UserList", "UserString"], "argparse": ["Namespace"], "types": ["SimpleNamespace"],
    "datetime": ["datetime", "date", "time", "timedelta", "timezone"], "decimal": ["Decimal"],
    "fractions": ["Fraction"], "uuid": ["UUID", "SafeUUID"],
    "numpy": [
      "float16", "float32", "float64", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64",
      "bool_",
      "bool", "complex64", "complex128", "str_", "bytes_", "datetime64", "timedelta64",
    ],
    "operator": ["getitem"], "_operator": ["getitem"],
  ]

  private static let dictionaries: Set<String> = [
    "collections.Counter", "collections.UserDict", "collections.ChainMap", "easydict.EasyDict", "munch.Munch",
    "addict.addict.Dict", "attrdict.dictionary.AttrDict", "box.box.Box", "diffusers.configuration_utils.FrozenDict",
    "pytorch_lightning.utilities.parsing.AttributeDict", "lightning.pytorch.utilities.parsing.AttributeDict",
    "lightning_fabric.utilities.data.AttributeDict", "lightning.fabric.utilities.data.AttributeDict",
    "ml_collections.config_dict.config_dict.ConfigDict", "yacs.config.CfgNode", "fvcore.common.config.CfgNode",
  ]

  private static let privateNames: Set<String> = [
    "numpy.core.numeric._frombuffer", "numpy._core.numeric._frombuffer", "numpy.random._pickle.__randomstate_ctor",
    "numpy.random._pickle.__bit_generator_ctor", "numpy.random._pickle.__generator_ctor", "re._compile",
    "torch.serialization._get_layout",
  ]
}
