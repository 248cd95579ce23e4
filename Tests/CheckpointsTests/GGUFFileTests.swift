import Checkpoints
import Foundation
import TestSupport
import Testing

/// GGUF files, made byte by byte.
@Suite struct GGUFFileTests {
  private func half(_ value: Float) -> [UInt8] { littleEndian(Float16(value).bitPattern) }

  /// Nibbles 0 … 15 in the lower halves and 15 … 0 in the upper ones.
  private let nibbles: [UInt8] = (0..<16).map { UInt8($0 | (15 - $0) << 4) }
  private var counts: [Float] { (0..<16).map(Float.init) + (0..<16).reversed().map(Float.init) }

  private func values(_ type: UInt32, _ data: [UInt8], shape: [Int] = [32]) throws -> [Float] {
    let folder = try ScratchFolder()
    let file = GGUFBytes(tensors: [GGUFBytes.Tensor(name: "x", shape: shape, type: type, data: data)])
    return try TensorFile(folder.write(file.bytes, "x.gguf")).tensor("x").floats()
  }

  @Test func plainTypes() throws {
    #expect(try values(0, bytes([1, -2.5]), shape: [2, 1]) == [1, -2.5])
    #expect(try values(1, half(1) + half(-2.5), shape: [2]) == [1, -2.5])
    #expect(try values(30, [0x80, 0x3f, 0x20, 0xc0], shape: [2]) == [1, -2.5])
  }

  @Test func wholeNumbersAndDoubles() throws {
    #expect(try values(24, [1, 0xfe], shape: [2]) == [1, -2])
    #expect(try values(25, littleEndian(Int16(-300)), shape: [1]) == [-300])
    #expect(try values(27, littleEndian(Int64(-5)), shape: [1]) == [-5])
    #expect(try values(28, littleEndian(Double(0.5).bitPattern), shape: [1]) == [0.5])
    let folder = try ScratchFolder()
    let file = GGUFBytes(tensors: [GGUFBytes.Tensor(name: "x", shape: [1], type: 26, data: littleEndian(Int32(7)))])
    #expect(try TensorFile(folder.write(file.bytes, "x.gguf")).tensor("x").integers() == [7])
  }

  /// Lists in lists are legal; a file that nests them without end would exhaust the stack.
  @Test func nestedLists() throws {
    let folder = try ScratchFolder()
    func file(depth: Int) throws -> URL {
      var out = Array("GGUF".utf8) + littleEndian(UInt32(3)) + littleEndian(UInt64(0)) + littleEndian(UInt64(1))
      out += littleEndian(UInt64(1)) + Array("k".utf8) + littleEndian(UInt32(9))
      for _ in 0..<depth { out += littleEndian(UInt32(9)) + littleEndian(UInt64(1)) }
      return try folder.write(out + littleEndian(UInt32(4)) + littleEndian(UInt64(0)), "x.gguf")
    }
    #expect(try TensorFile(file(depth: 40)).keys.isEmpty)
    TestSupport.expectError(["nested more than 64 deep"]) { _ = try TensorFile(try file(depth: 100_000)) }
  }

  @Test func blocksOfEightBits() throws {
    let data = half(0.5) + (0..<32).map { UInt8(bitPattern: Int8($0 - 16)) }
    #expect(try values(8, data) == (0..<32).map { Float($0 - 16) * 0.5 })
  }

  @Test func blocksOfFourBits() throws {
    #expect(try values(2, half(2) + nibbles) == counts.map { ($0 - 8) * 2 })
    #expect(try values(3, half(2) + half(-1) + nibbles) == counts.map { $0 * 2 - 1 })
  }

  /// The fifth bits of elements 1 and 31 are set.
  @Test func blocksOfFiveBits() throws {
    let high = littleEndian(UInt32(1 << 1 | 1 << 31))
    let expected = counts.enumerated().map { $0 == 1 || $0 == 31 ? $1 + 16 : $1 }
    #expect(try values(6, half(0.25) + high + nibbles) == expected.map { ($0 - 16) * 0.25 })
    #expect(try values(7, half(0.25) + half(3) + high + nibbles) == expected.map { $0 * 0.25 + 3 })
  }

  @Test func shapesAndMetadata() throws {
    let folder = try ScratchFolder()
    let rows = (0..<6).flatMap { half(Float($0)) + [UInt8](repeating: 1, count: 32) }
    var content = GGUFBytes(alignment: 64)
    content.tensors = [
      GGUFBytes.Tensor(name: "a", shape: [1], type: 0, data: bytes([7])),
      GGUFBytes.Tensor(name: "b", shape: [3, 2, 32], type: 8, data: rows),
    ]
    // The ending says nothing.
    let file = try TensorFile(folder.write(content.bytes, "model.safetensors"))
    #expect(file.format == .gguf && file.keys == ["a", "b"])
    #expect(file.metadata["general.architecture"] == "sd" && file.metadata["x.list"] == nil)
    #expect(file.shape(of: "b") == [3, 2, 32] && file.entry("b")?.storedType == "Q8_0")
    #expect(try file.tensor("b").floats() == (0..<6).flatMap { [Float](repeating: Float($0), count: 32) })
    #expect(try file.tensor("a").scalar == 7)
  }

  // MARK: Files that lie

  private func expectError(_ part: String, _ change: (inout GGUFBytes) -> Void) throws {
    let folder = try ScratchFolder()
    var content = GGUFBytes(tensors: [GGUFBytes.Tensor(name: "x", shape: [2], type: 0, data: bytes([1, 2]))])
    change(&content)
    let url = try folder.write(content.bytes, "x.gguf")
    TestSupport.expectError([url.path, part]) { _ = try TensorFile(url) }
  }

  @Test func otherTypesAreRefusedByName() throws {
    try expectError("tensor x is of type Q4_K") { $0.tensors[0].type = 12 }
    try expectError("type number 77") { $0.tensors[0].type = 77 }
  }

  @Test func impossibleContents() throws {
    try expectError("GGUF version 1") { $0.version = 1 }
    try expectError("bytes are missing") { $0.tensors[0].offset = 64 }
    try expectError("a size of") { $0.tensors[0].offset = 1 << 60 }
    try expectError("cannot have the shape") { $0.tensors[0].shape = [1 << 40, 1 << 40] }
    try expectError("cannot have the shape [31] as Q8_0") {
      ($0.tensors[0].shape, $0.tensors[0].type) = ([31], 8)
    }
    try expectError("9 dimensions") { $0.tensors[0].shape = [Int](repeating: 1, count: 9) }
    try expectError("is in it twice") { $0.tensors.append($0.tensors[0]) }
    try expectError("claims") { $0.claimedTensors = 1 << 40 }
  }

  @Test func cutShort() throws {
    let folder = try ScratchFolder()
    let whole = GGUFBytes(tensors: [
      GGUFBytes.Tensor(name: "x", shape: [8], type: 0, data: bytes([1, 2, 3, 4, 5, 6, 7, 8]))
    ])
    .bytes
    for count in 4..<whole.count {
      TestSupport.expectError(["x.gguf"]) {
        _ = try TensorFile(try folder.write(Array(whole[..<count]), "x.gguf"))
      }
    }
  }
}
