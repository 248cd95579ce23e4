/// Writes the opcodes of a pickle by hand, right or wrong.
struct PickleBytes {
  var bytes: [UInt8] = [0x80, 2]

  func appending(_ more: [UInt8]) -> PickleBytes {
    var copy = self
    copy.bytes += more
    return copy
  }

  private func code(_ character: Unicode.Scalar) -> PickleBytes { appending([UInt8(ascii: character)]) }

  func global(_ module: String, _ name: String) -> PickleBytes {
    code("c").appending(Array("\(module)\n\(name)\n".utf8))
  }
  func text(_ value: String) -> PickleBytes {
    code("X").appending(littleEndian(UInt32(value.utf8.count)) + Array(value.utf8))
  }
  func integer(_ value: Int) -> PickleBytes {
    // LONG1 of 8 bytes takes every number.
    appending([0x8a, 8] + littleEndian(UInt64(bitPattern: Int64(value))))
  }
  func list(_ body: (PickleBytes) -> PickleBytes) -> PickleBytes { body(code("]").code("(")).code("e") }
  func tuple(_ body: (PickleBytes) -> PickleBytes) -> PickleBytes { body(code("(")).code("t") }
  func dictionary(_ body: (PickleBytes) -> PickleBytes) -> PickleBytes { body(code("}").code("(")).code("u") }
  func integers(_ values: [Int]) -> PickleBytes { tuple { values.reduce($0) { $0.integer($1) } } }
  var bool: PickleBytes { appending([0x89]) }
  var reduce: PickleBytes { code("R") }
  var build: PickleBytes { code("b") }
  var none: PickleBytes { code("N") }
  var emptyList: PickleBytes { code("]") }
  var append: PickleBytes { code("a") }
  func put(_ index: UInt8) -> PickleBytes { code("q").appending([index]) }
  func get(_ index: UInt8) -> PickleBytes { code("h").appending([index]) }
  var orderedDictionary: PickleBytes { global("collections", "OrderedDict").tuple { $0 }.reduce }

  /// The end: opcode STOP.
  var stop: [UInt8] { bytes + [UInt8(ascii: ".")] }

  /// A reference to a storage; the legacy stream adds a view.
  func storage(_ type: String, _ key: String, count: Int, legacy: Bool = false) -> PickleBytes {
    tuple {
      let head = $0.text("storage").global("torch", type).text(key).text("cpu").integer(count)
      return legacy ? head.none : head
    }.code("Q")
  }

  /// A tensor over a storage.
  func tensor(
    _ type: String, _ key: String, count: Int, offset: Int = 0, shape: [Int], strides: [Int], legacy: Bool = false
  ) -> PickleBytes {
    global("torch._utils", "_rebuild_tensor_v2").tuple {
      $0.storage(type, key, count: count, legacy: legacy).integer(offset).integers(shape).integers(strides).bool
        .orderedDictionary
    }.reduce
  }
}

func littleEndian<T: FixedWidthInteger>(_ value: T) -> [UInt8] {
  (0..<MemoryLayout<T>.size).map { UInt8(truncatingIfNeeded: value >> T(8 * $0)) }
}

func bytes(_ values: [Float]) -> [UInt8] { values.flatMap { littleEndian($0.bitPattern) } }
