/// Reads the JSON header of a safetensors file: an object of objects with three known keys.
///
/// A parser of its own, because headers of large models have thousands of entries, because
/// duplicate keys must not be lost, and because all that is not exactly this is an error anyway.
struct HeaderParser {
  /// One entry as it stands in the header, not compared with anything yet.
  struct RawTensor {
    var name: String
    var type = ""
    var shape: [Int] = []
    var begin = 0
    var end = 0
  }

  /// Key of the header under which free text stands in place of a tensor.
  static let metadataKey = "__metadata__"

  private var scanner: HeaderScanner

  /// - Parameters:
  ///   - bytes: must outlive the parser.
  ///   - path: for messages.
  init(_ bytes: UnsafeRawBufferPointer, path: String) {
    scanner = HeaderScanner(bytes, path: path)
  }

  /// All entries in the order of the header, and the metadata.
  mutating func parse() throws(CheckpointError) -> ([RawTensor], [String: String]) {
    var tensors: [RawTensor] = []
    var metadata: [String: String]?
    try scanner.expect("{")
    if !scanner.accept("}") {
      repeat {
        let name = try scanner.string()
        try scanner.expect(":")
        if name == Self.metadataKey {
          guard metadata == nil else { throw scanner.failure("\(name) appears twice") }
          metadata = try stringMap()
        } else {
          tensors.append(try tensor(name))
        }
      } while try !scanner.isLast("}")
    }
    scanner.skipSpace()
    guard scanner.isAtEnd else {
      throw scanner.failure("text after its closing brace, at byte \(scanner.position)")
    }
    return (tensors, metadata ?? [:])
  }

  private mutating func tensor(_ name: String) throws(CheckpointError) -> RawTensor {
    var tensor = RawTensor(name: name)
    var seen: [String] = []
    try scanner.expect("{")
    if !scanner.accept("}") {
      repeat {
        let key = try scanner.string()
        guard !seen.contains(key) else {
          throw scanner.failure("tensor \(name) has \(key) twice")
        }
        seen.append(key)
        try scanner.expect(":")
        switch key {
        case "dtype": tensor.type = try scanner.string()
        case "shape": tensor.shape = try integers()
        case "data_offsets":
          let offsets = try integers()
          guard offsets.count == 2 else {
            throw scanner.failure("tensor \(name) has \(offsets.count) data_offsets instead of 2")
          }
          (tensor.begin, tensor.end) = (offsets[0], offsets[1])
        default: throw scanner.failure("tensor \(name) has an unknown key \(key)")
        }
      } while try !scanner.isLast("}")
    }
    for key in ["dtype", "shape", "data_offsets"] where !seen.contains(key) {
      throw scanner.failure("tensor \(name) has no \(key)")
    }
    return tensor
  }

  private mutating func stringMap() throws(CheckpointError) -> [String: String] {
    var map: [String: String] = [:]
    try scanner.expect("{")
    guard !scanner.accept("}") else { return map }
    repeat {
      let key = try scanner.string()
      try scanner.expect(":")
      let value = try scanner.string()
      guard map.updateValue(value, forKey: key) == nil else {
        throw scanner.failure("\(Self.metadataKey) has \(key) twice")
      }
    } while try !scanner.isLast("}")
    return map
  }

  private mutating func integers() throws(CheckpointError) -> [Int] {
    var values: [Int] = []
    try scanner.expect("[")
    guard !scanner.accept("]") else { return values }
    repeat { values.append(try scanner.integer()) } while try !scanner.isLast("]")
    return values
  }
}
