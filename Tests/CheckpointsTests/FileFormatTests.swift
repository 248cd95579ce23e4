import Checkpoints
import Foundation
import TensorCore
import TestSupport
import Testing

/// Files people take for checkpoints, told apart by content.
@Suite struct FileFormatTests {
  @Test(arguments: [
    ("version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 12345\n", "a git-LFS pointer"),
    ("<!DOCTYPE html><html>", "a web page"), ("{\"error\": 1}", "JSON text"), ("[1, 2]", "JSON text"),
    ("cos\nsystem\n(S'touch x'\ntR.", "a Python pickle in text form"),
    ("(dp0\nS'a'\np1\ncos\nsystem\n.", "a Python pickle in text form"), ("some words of text", "a text file"),
  ])
  func textFiles(content: String, what: String) throws {
    let folder = try ScratchFolder()
    let url = try folder.write(Array(content.utf8), "model.ckpt")
    expectError([url.path, what]) { _ = try TensorFile(url) }
  }

  @Test(
    arguments: [
      ([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a], "a PNG picture"),
      ([0xff, 0xd8, 0xff, 0xe0], "a JPEG picture"),
      ([0x1f, 0x8b, 8, 0], "a gzip archive"), ([0x89, 0x48, 0x44, 0x46], "an HDF5 file"),
    ] as [([UInt8], String)])
  func binaryFiles(content: [UInt8], what: String) throws {
    let folder = try ScratchFolder()
    expectError([what]) { _ = try TensorFile(try folder.write(content, "model.safetensors")) }
  }

  @Test func aHeaderThatLooksLikeAPickle() throws {
    // 0x280 = 640 bytes of header start like protocol 2 of a pickle.
    let folder = try ScratchFolder()
    let entry = #"{"x":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#
    let header = Array(entry.utf8) + [UInt8](repeating: 0x20, count: 640 - entry.utf8.count)
    let file = try TensorFile(folder.write(littleEndian(UInt64(640)) + header + bytes([5]), "x.bin"))
    #expect(file.format == .safetensors)
    #expect(try file.tensor("x").scalar == 5)
  }

  /// Weights of old tools in a folder: found where there are no safetensors.
  @Test func aFolderWithAPickle() throws {
    let folder = try ScratchFolder()
    let pickle = PickleBytes().dictionary {
      $0.text("x").tensor("FloatStorage", "0", count: 1, shape: [1], strides: [1])
    }.stop
    let archive = ZipBytes.archive([
      ZipBytes.Entry(name: "a/data.pkl", contents: pickle), ZipBytes.Entry(name: "a/data/0", contents: bytes([3])),
    ])
    expectError(["has no model.safetensors"]) { _ = try TensorFile(folder: folder.url, names: ["model"]) }
    _ = try folder.write(archive, "pytorch_model.bin")
    let file = try TensorFile(folder: folder.url, names: ["model"])
    #expect(file.format == .torchZip)
    #expect(try file.tensor("x").scalar == 3)
  }
}

/// Bytes of tensors, rearranged and converted.
@Suite struct RawTensorTests {
  private let matrix = RawTensor(Tensor([1, 2, 3, 4, 5, 6] as [Float], shape: [2, 3]))

  @Test func rearranged() {
    #expect(matrix.transposed().shape == [3, 2])
    #expect(matrix.transposed().tensor().floats() == [1, 4, 2, 5, 3, 6])
    #expect(matrix.rows(1..<2).tensor().floats() == [4, 5, 6])
    #expect(matrix.reshaped([3, 2, 1, 1]).tensor().shape == [3, 2, 1, 1])
    #expect(RawTensor.stacked([matrix, matrix.rows(0..<1)])?.tensor().floats() == [1, 2, 3, 4, 5, 6, 1, 2, 3])
    #expect(RawTensor.stacked([matrix, matrix.transposed()]) == nil)
    #expect(RawTensor.stacked([matrix, matrix.converted(to: .f16)]) == nil)
  }

  @Test func converted() {
    let values: [Float] = [1, -0.333_251_953, 65504, 1e-8]
    let half = RawTensor(Tensor(values, shape: [4])).converted(to: .f16)
    #expect(half.type == .F16 && half.tensor().floats() == [1, -0.333_251_953, 65504, 0])
    #expect(half.converted(to: .f32).tensor().floats() == [1, -0.333_251_953, 65504, 0])
    let index = RawTensor(Tensor([1, 2] as [Int32], shape: [2]))
    #expect(index.converted(to: .f16).type == .I32)
  }

  @Test func scanned() {
    #expect(matrix.scan().isFinite && !matrix.scan().isZero && matrix.scan().largest == 6)
    let broken = RawTensor(Tensor([.nan, .infinity, -.infinity, 0], shape: [4])).scan()
    #expect(broken.nans == 1 && broken.infinities == 2 && !broken.isZero && !broken.isFinite)
    #expect(RawTensor(Tensor.zeros([3, 3], dtype: .bf16)).scan().isZero)
    #expect(!RawTensor(Tensor.zeros([0])).scan().isZero)
    #expect(RawTensor(Tensor([0, 0] as [Int32], shape: [2])).scan().isZero)
  }
}
