import SafeTensors

/// What stands in for the calls a pickle asks for.
extension PickleMachine {
  /// Items of a tuple.
  private func items(_ value: PickleValue) -> [PickleValue]? {
    if case .tuple(let index) = value { arena[index] } else { nil }
  }

  private func integers(_ value: PickleValue) -> [Int]? {
    guard let items = items(value) else { return nil }
    let integers = items.compactMap(\.integerValue)
    return integers.count == items.count ? integers : nil
  }

  /// What a reference out of the pickle stands for: a storage, or in the legacy stream the class of a module.
  func persistent(_ value: PickleValue) throws(CheckpointError) -> PickleValue {
    // `("module", class, file of its source, source)`.
    if let parts = items(value), parts.count == 4, parts[0].textValue == "module", case .global = parts[1] {
      return parts[1]
    }
    return .storage(try persistentStorage(value))
  }

  /// `("storage", class, key, device, count)`; the legacy stream adds a view of the storage.
  private func persistentStorage(_ value: PickleValue) throws(CheckpointError) -> TorchStorage {
    guard let parts = items(value), parts.count >= 5, parts[0].textValue == "storage",
      let key = parts[2].textValue, let count = parts[4].integerValue, count >= 0
    else { throw refusal("refers to something outside that is no torch storage") }
    let type: ElementType
    switch parts[1] {
    case .global(.storage(let stored)): type = stored
    case .global(.untypedStorage): type = .U8
    default: throw refusal("has a storage of the class \(parts[1].kind)")
    }
    if parts.count > 5 {
      guard case .none = parts[5] else {
        throw CheckpointError.unsupported(
          path: reader.path, what: "has a view of storage \(key): save it again with a newer torch")
      }
    }
    guard count <= Int(1) << 48 else { throw refusal("has a storage of \(count) elements") }
    return TorchStorage(key: key, type: type, count: count)
  }

  /// REDUCE: the value a call of a name on the allow-list would give.
  mutating func call(
    _ callee: PickleValue, _ arguments: PickleValue
  ) throws(CheckpointError) -> PickleValue {
    guard case .global(let global) = callee, let given = items(arguments) else {
      throw refusal("calls \(callee.kind)")
    }
    switch global {
    case .rebuildTensor, .rebuildTensorV2, .rebuildTensorV3: return .tensor(try tensor(global, given))
    case .rebuildParameter:
      guard case .tensor? = given.first else { throw refusal("makes a parameter of no tensor") }
      return given[0]
    case .rebuildFromType:
      // The function, the class, the function's arguments, attributes.
      guard given.count == 4, case .global(.tensorClass) = given[1] else {
        throw refusal("makes a tensor of another class")
      }
      switch given[0] {
      case .global(.rebuildTensor), .global(.rebuildTensorV2), .global(.rebuildTensorV3):
        return try call(given[0], given[2])
      default: throw refusal("makes a tensor by \(given[0].kind)")
      }
    case .orderedDictionary, .dictionary: return .dictionary(allocate(try dictionaryItems(given)))
    case .dictionaryClass: return try construct(global, given)
    case .reconstructor:
      guard case .global(let made)? = given.first else { throw refusal("calls \(global.name) without a class") }
      return try construct(made, [])
    case .size:
      guard let first = given.first, items(first) != nil else { throw refusal("makes a torch.Size of no tuple") }
      return first
    case .encode:
      guard let text = given.first?.textValue, given.count < 2 || given[1].textValue == "latin1",
        text.unicodeScalars.allSatisfy({ $0.value < 256 })
      else { throw refusal("encodes something that is no text of bytes") }
      // Enough for a number. Arrays are not needed, and copies of a long text would fill the memory.
      let short = text.unicodeScalars.prefix(64).map { UInt8(truncatingIfNeeded: $0.value) }
      return .bytes(short)
    case .numpyType:
      guard let name = given.first?.textValue else { throw refusal("makes a numpy.dtype of no name") }
      return .numpyType(name)
    case .numpyScalar: return try numpyScalar(given)
    case .rebuildNumpyArray:
      guard case .global(.numpyArray)? = given.first else { throw refusal("makes an array of another class") }
      return .ignored(.numpyArray)
    case .harmless: return .ignored(global)
    case .storage, .untypedStorage, .elementType, .numpyArray, .inert, .tensorClass, .parameterContainer:
      throw refusal("calls \(global.name)")
    }
  }

  /// NEWOBJ: an object of a class before its state is set.
  mutating func construct(
    _ global: PickleGlobal, _ given: [PickleValue]
  ) throws(CheckpointError) -> PickleValue {
    switch global {
    case .harmless, .inert: return .ignored(global)
    case .parameterContainer: return .module(allocate([]))
    case .orderedDictionary, .dictionary: return .dictionary(allocate([]))
    case .dictionaryClass:
      // What a class other than dict takes is its own affair; a dictionary among it is kept.
      if case .dictionary? = given.first { return .dictionary(allocate(try dictionaryItems(given))) }
      return .dictionary(allocate([]))
    default: throw refusal("makes an object of \(global.name)")
    }
  }

  /// NEWOBJ and NEWOBJ_EX: the class and its arguments.
  mutating func newObject(_ parts: [PickleValue]) throws(CheckpointError) -> PickleValue {
    guard case .global(let global) = parts[0], let given = items(parts[1]) else {
      throw refusal("makes an object of \(parts[0].kind)")
    }
    return try construct(global, given)
  }

  /// BUILD: only where the state is of no consequence, or says a byte order.
  mutating func build(
    _ object: PickleValue, _ state: PickleValue
  ) throws(CheckpointError) -> PickleValue {
    switch (object, state) {
    case (.dictionary, .dictionary(let index)):
      // `state_dict()` notes versions of modules beside the weights.
      for position in stride(from: 0, to: arena[index].count, by: 2) {
        let name = arena[index][position].textValue ?? arena[index][position].kind
        if name.hasPrefix("__") { throw refusal("sets the attribute \(name) of a dict") }
      }
      return object
    case (.module(let target), .dictionary(let index)):
      try fill(module: target, state: arena[index])
      return object
    case (.tensor, .dictionary), (.tensor, .none): return object
    case (.numpyType, .tuple(let index)):
      let order = arena[index].count > 1 ? arena[index][1].textValue : nil
      // Numbers of the other byte order are not worth their reading.
      return order.map { ["<", "|", "="].contains($0) } == true ? object : .ignored(.numpyArray)
    case (.ignored, _): return object
    default: throw refusal("sets the state of \(object.kind)")
    }
  }

  /// Takes a module's parameters out of its attributes; the others are of no use without its code.
  private mutating func fill(module: Int, state: [PickleValue]) throws(CheckpointError) {
    for position in stride(from: 0, to: state.count, by: 2) {
      guard ["_parameters", "_buffers"].contains(state[position].textValue),
        case .dictionary(let index) = state[position + 1]
      else { continue }
      try charge(arena[index].count)
      extend(module, by: arena[index])
    }
  }

  private mutating func tensor(
    _ global: PickleGlobal, _ given: [PickleValue]
  ) throws(CheckpointError) -> TorchTensor {
    guard given.count >= 4, case .storage(let storage) = given[0], let offset = given[1].integerValue,
      let shape = integers(given[2]), let strides = integers(given[3])
    else { throw refusal("makes a tensor of \(given.map(\.kind).joined(separator: ", "))") }
    var type = storage.type
    if case .rebuildTensorV3 = global {
      guard given.count >= 7, case .global(.elementType(let named)) = given[6] else {
        throw refusal("makes a tensor of an unknown element type")
      }
      type = named
    }
    let tensor = TorchTensor(storage: storage, type: type, offset: offset, shape: shape, strides: strides)
    if let problem = tensor.problem { throw reader.failure("it has \(problem)") }
    return tensor
  }

  /// Arguments of a dictionary: none, a list of pairs, or the class of missing values.
  private mutating func dictionaryItems(_ given: [PickleValue]) throws(CheckpointError) -> [PickleValue] {
    switch given.first {
    case nil, .global?, .some(.none): return []
    case .dictionary(let index)?:
      try charge(arena[index].count)
      return arena[index]
    case .list(let index)?:
      try charge(arena[index].count)
      var flat: [PickleValue] = []
      for pair in arena[index] {
        let parts: [PickleValue]
        switch pair {
        case .tuple(let index), .list(let index): parts = arena[index]
        default: throw refusal("makes a dict of \(pair.kind)")
        }
        guard parts.count == 2 else { throw refusal("makes a dict of something else than pairs") }
        flat += parts
      }
      return flat
    case let other?: throw refusal("makes a dict of \(other.kind)")
    }
  }

  private func numpyScalar(_ given: [PickleValue]) throws(CheckpointError) -> PickleValue {
    if case .ignored(let global)? = given.first { return .ignored(global) }
    guard given.count == 2, case .numpyType(let type) = given[0] else {
      throw refusal("makes a numpy scalar of no dtype")
    }
    let raw: [UInt8]
    switch given[1] {
    case .bytes(let bytes): raw = bytes
    case .text(let text): raw = text.unicodeScalars.map { UInt8(truncatingIfNeeded: $0.value) }
    default: throw refusal("makes a numpy scalar of \(given[1].kind)")
    }
    var bits: UInt64 = 0
    for byte in raw.prefix(8).reversed() { bits = bits << 8 | UInt64(byte) }
    switch (type, raw.count) {
    case ("f8", 8): return .real(Double(bitPattern: bits))
    case ("f4", 4): return .real(Double(Float(bitPattern: UInt32(bits))))
    case ("i8", 8), ("u8", 8): return .integer(Int(Int64(bitPattern: bits)))
    case ("i4", 4): return .integer(Int(Int32(truncatingIfNeeded: bits)))
    case ("u4", 4), ("u2", 2), ("u1", 1): return .integer(Int(bits))
    case ("i2", 2): return .integer(Int(Int16(truncatingIfNeeded: bits)))
    case ("i1", 1): return .integer(Int(Int8(truncatingIfNeeded: bits)))
    case ("b1", 1): return .bool(bits != 0)
    // Texts, times and complex numbers.
    default: return .ignored(.numpyScalar)
    }
  }
}
