/// Writes a GGUF file by hand.
struct GGUFBytes {
  struct Tensor {
    var name: String
    /// Outermost dimension first, as everywhere but in the file.
    var shape: [Int]
    var type: UInt32
    var data: [UInt8]
    /// Offset to claim in place of the real one.
    var offset: UInt64?
  }

  var version: UInt32 = 3
  var alignment = 32
  var texts: [(String, String)] = [("general.architecture", "sd")]
  var tensors: [Tensor] = []
  var claimedTensors: UInt64?

  private static func text(_ value: String) -> [UInt8] {
    littleEndian(UInt64(value.utf8.count)) + Array(value.utf8)
  }

  private func padding(_ count: Int) -> [UInt8] {
    [UInt8](repeating: 0, count: (alignment - count % alignment) % alignment)
  }

  var bytes: [UInt8] {
    var out = Array("GGUF".utf8) + littleEndian(version)
    out += littleEndian(claimedTensors ?? UInt64(tensors.count)) + littleEndian(UInt64(texts.count + 3))
    for (key, value) in texts { out += Self.text(key) + littleEndian(UInt32(8)) + Self.text(value) }
    out += Self.text("general.alignment") + littleEndian(UInt32(4)) + littleEndian(UInt32(alignment))
    // A list of texts, which is passed over.
    out += Self.text("x.list") + littleEndian(UInt32(9)) + littleEndian(UInt32(8)) + littleEndian(UInt64(2))
    out += Self.text("a") + Self.text("bc")
    // Lists of lists, of two numbers and of none.
    out += Self.text("x.nested") + littleEndian(UInt32(9)) + littleEndian(UInt32(9)) + littleEndian(UInt64(2))
    out += littleEndian(UInt32(4)) + littleEndian(UInt64(2)) + littleEndian(UInt32(7)) + littleEndian(UInt32(8))
    out += littleEndian(UInt32(9)) + littleEndian(UInt64(0))
    var data: [UInt8] = []
    for tensor in tensors {
      out += Self.text(tensor.name) + littleEndian(UInt32(tensor.shape.count))
      for size in tensor.shape.reversed() { out += littleEndian(UInt64(size)) }
      out += littleEndian(tensor.type) + littleEndian(tensor.offset ?? UInt64(data.count))
      data += tensor.data + padding(tensor.data.count)
    }
    return out + padding(out.count) + data
  }
}
