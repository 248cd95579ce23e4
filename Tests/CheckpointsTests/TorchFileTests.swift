import Checkpoints
import Foundation
import SafeTensors
import TestSupport
import Testing

/// Files as torch.save writes them, made byte by byte.
@Suite struct TorchFileTests {
  private let values: [Float] = [1, 2, 3, 4, 5, 6]

  /// A state dict with a 2 × 3 tensor and its transpose, over one storage.
  private func pickle(legacy: Bool = false) -> [UInt8] {
    PickleBytes().dictionary {
      $0.text("epoch").integer(-3).text("state_dict").dictionary {
        $0.text("a.weight")
          .tensor("FloatStorage", "7", count: 6, shape: [2, 3], strides: [3, 1], legacy: legacy)
          .text("b.weight")
          .tensor("FloatStorage", "7", count: 6, shape: [3, 2], strides: [1, 3], legacy: legacy)
          .text("c.bias")
          .tensor("FloatStorage", "7", count: 6, offset: 4, shape: [2], strides: [1], legacy: legacy)
      }
    }.stop
  }

  private func archive(isDeflated: Bool) -> [UInt8] {
    ZipBytes.archive([
      ZipBytes.Entry(name: "model/data.pkl", contents: pickle(), isDeflated: isDeflated),
      ZipBytes.Entry(name: "model/byteorder", contents: Array("little".utf8)),
      ZipBytes.Entry(name: "model/data/7", contents: bytes(values), isDeflated: isDeflated),
    ])
  }

  /// Magic number, protocol, system, root, storage keys, then each storage behind its length.
  private func stream(count: Int = 6) -> [UInt8] {
    let magic: [UInt8] = [
      0x80, 2, 0x8a, 10, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19, UInt8(ascii: "."),
    ]
    return magic + PickleBytes().integer(1001).stop
      + PickleBytes().dictionary { $0.text("little_endian").bool }.stop + pickle(legacy: true)
      + PickleBytes().list { $0.text("7") }.stop + littleEndian(Int64(count)) + bytes(values)
  }

  @Test(arguments: ["stored", "deflated", "stream"])
  func tensorsOfEveryLayout(layout: String) throws {
    let folder = try ScratchFolder()
    let content = layout == "stream" ? stream() : archive(isDeflated: layout == "deflated")
    // The ending says nothing.
    let file = try TensorFile(folder.write(content, "weights.safetensors"))
    #expect(file.format == (layout == "stream" ? .torchStream : .torchZip))
    #expect(file.keys == ["a.weight", "b.weight", "c.bias"])
    #expect(file.metadata["epoch"] == "-3")
    let a = try file.tensor("a.weight")
    #expect(a.shape == [2, 3] && a.floats() == values)
    let b = try file.tensor("b.weight")
    #expect(b.shape == [3, 2] && b.floats() == [1, 4, 2, 5, 3, 6])
    #expect(try file.tensor("c.bias").floats() == [5, 6])
  }

  @Test func packedStreamOfZlib() throws {
    // 64 zeros and then 1 … 8, as Python's zlib packs them (raw, level 9).
    let packed: [UInt8] = [
      0x63, 0x60, 0xa0, 0x0c, 0x30, 0x32, 0x31, 0xb3, 0xb0, 0xb2, 0xb1, 0x73, 0x00, 0x00,
    ]
    let contents = [UInt8](repeating: 0, count: 64) + Array(1...8)
    let pickle = PickleBytes().dictionary {
      $0.text("x").tensor("ByteStorage", "0", count: 72, shape: [72], strides: [1])
    }.stop
    let folder = try ScratchFolder()
    let url = try folder.write(
      ZipBytes.archive([
        ZipBytes.Entry(name: "data.pkl", contents: pickle),
        ZipBytes.Entry(name: "data/0", contents: contents, isDeflated: true, packed: packed),
      ]), "x.pt")
    #expect(try TensorFile(url).tensor("x").floats() == contents.map(Float.init))
  }

  @Test(arguments: [
    ("HalfStorage", [0x00, 0x3c, 0x00, 0xc0] as [UInt8], [1, -2] as [Float]),
    ("BFloat16Storage", [0x80, 0x3f, 0x00, 0xc0], [1, -2]),
    ("DoubleStorage", littleEndian(Double(0.5).bitPattern) + littleEndian(Double(-3).bitPattern), [0.5, -3]),
    ("LongStorage", littleEndian(Int64(77)) + littleEndian(Int64(-1)), [77, -1]),
    ("ShortStorage", littleEndian(Int16(300)) + littleEndian(Int16(-2)), [300, -2]),
    ("CharStorage", [5, 0xff], [5, -1]), ("BoolStorage", [1, 0], [1, 0]),
  ])
  func elementTypes(name: String, content: [UInt8], expected: [Float]) throws {
    let folder = try ScratchFolder()
    let pickle = PickleBytes().list { $0.tensor(name, "0", count: 2, shape: [2], strides: [1]) }.stop
    let url = try folder.write(zip(pickle, ["0": content]), "x.pt")
    #expect(try TensorFile(url).tensor("0").floats() == expected)
  }

  @Test func eightBitFloatsOfAnUntypedStorage() throws {
    let folder = try ScratchFolder()
    // e4m3fn: 1, −448, the smallest subnormal 2⁻⁹, 7 · 2⁻⁹, 0.
    let pickle = PickleBytes().dictionary {
      $0.text("x").global("torch._utils", "_rebuild_tensor_v3").tuple {
        $0.tuple {
          $0.text("storage").global("torch.storage", "UntypedStorage").text("0").text("cpu").integer(5)
        }.appending([UInt8(ascii: "Q")]).integer(0).integers([5]).integers([1]).bool.orderedDictionary
          .global("torch", "float8_e4m3fn").none
      }.reduce
    }.stop
    let url = try folder.write(zip(pickle, ["0": [0x38, 0xfe, 0x01, 0x07, 0x00]]), "x.pt")
    let file = try TensorFile(url)
    #expect(file.entry("x")?.storedType == "F8_E4M3")
    #expect(try file.tensor("x").floats() == [1, -448, 0x1p-9, 7 * 0x1p-9, 0])
  }

  @Test func numbersOfNumpy() throws {
    let folder = try ScratchFolder()
    let pickle = PickleBytes().dictionary {
      $0.text("best").global("numpy.core.multiarray", "scalar").tuple {
        $0.global("numpy", "dtype").tuple { $0.text("f8").integer(0).integer(1) }.reduce
          .tuple { $0.integer(3).text("<").none }.build
          // 1.5 as numpy writes it under protocol 2: its bytes as Latin-1 text.
          .global("_codecs", "encode").tuple { $0.text("\0\0\0\0\0\0\u{f8}?").text("latin1") }.reduce
      }.reduce
    }.stop
    #expect(try TensorFile(folder.write(zip(pickle, [:]), "x.pt")).metadata["best"] == "1.5")
  }

  @Test func severalWaysToNest() throws {
    let folder = try ScratchFolder()
    func tensor(_ p: PickleBytes) -> PickleBytes { p.tensor("ByteStorage", "0", count: 1, shape: [], strides: []) }
    let nested = PickleBytes().dictionary {
      $0.text("string_to_param").dictionary { tensor($0.text("*")) }
        .text("parts").list { tensor(tensor($0)) }
        .text("p").global("torch._utils", "_rebuild_parameter").tuple { tensor($0).bool.orderedDictionary }.reduce
    }.stop
    let file = try TensorFile(folder.write(zip(nested, ["0": [9]]), "x.pt"))
    #expect(file.keys == ["string_to_param.*", "parts.0", "parts.1", "p"])
    #expect(try file.tensor("p").scalar == 9)
  }

  private func zip(_ pickle: [UInt8], _ storages: [String: [UInt8]]) -> [UInt8] {
    ZipBytes.archive(
      [ZipBytes.Entry(name: "archive/data.pkl", contents: pickle)]
        + storages.map { ZipBytes.Entry(name: "archive/data/\($0.key)", contents: $0.value) })
  }
}
