import Checkpoints
import Foundation
import SafeTensors
import TensorCore
import TestSupport
import Testing

/// The weights of a component's folder in every form tools write them.
@Suite struct WeightFilesTests {
  private static let names = ["diffusion_pytorch_model", "model"]

  private func open(_ folder: ScratchFolder, _ variant: String? = nil) throws -> TensorFile {
    try TensorFile(folder: folder.url, names: Self.names, variant: variant)
  }

  /// Writes a tensor `x` of one number, as safetensors or as a pickle by its ending.
  private func write(_ folder: ScratchFolder, _ name: String, _ value: Float, tensor: String = "x") throws {
    if name.hasSuffix(".bin") {
      let pickle = PickleBytes().dictionary {
        $0.text(tensor).tensor("FloatStorage", "0", count: 1, shape: [1], strides: [1])
      }.stop
      _ = try folder.write(
        ZipBytes.archive([
          ZipBytes.Entry(name: "a/data.pkl", contents: pickle),
          ZipBytes.Entry(name: "a/data/0", contents: bytes([value])),
        ]), name)
    } else {
      try TensorFile.write([(tensor, Tensor([value], shape: [1]))], to: folder.file(name), metadata: ["format": "pt"])
    }
  }

  @Test(arguments: [
    "diffusion_pytorch_model.safetensors", "model.safetensors", "model.fp16.safetensors", "model.bf16.safetensors",
    "diffusion_pytorch_model.non_ema.safetensors", "model.int8.v2.safetensors", "pytorch_model.bin",
    "pytorch_model.fp16.bin", "diffusion_pytorch_model.fp16.bin",
  ])
  func oneFile(_ name: String) throws {
    let folder = try ScratchFolder()
    try write(folder, name, 5)
    _ = try folder.write(Array("{}".utf8), "config.json")
    let file = try open(folder)
    #expect(try file.tensor("x").scalar == 5 && file.path == folder.file(name).path)
  }

  @Test(arguments: [
    ("model.safetensors.index.json", "model-0000%-of-00002.safetensors", nil),
    ("model.safetensors.index.fp16.json", "model.fp16-0000%-of-00002.safetensors", "fp16"),
    ("diffusion_pytorch_model.safetensors.index.bf16.json", "x-0000%-of-00002.bf16.safetensors", "bf16"),
    ("model.fp16.safetensors.index.json", "model.fp16-0000%-of-00002.safetensors", "fp16"),
    ("pytorch_model.bin.index.json", "pytorch_model-0000%-of-00002.bin", nil),
    ("diffusion_pytorch_model.bin.index.fp16.json", "diffusion_pytorch_model.fp16-0000%-of-00002.bin", "fp16"),
  ])
  func shards(_ index: String, _ pattern: String, _ variant: String?) throws {
    let folder = try ScratchFolder()
    let parts = ["1", "2"].map { pattern.replacingOccurrences(of: "%", with: $0) }
    try write(folder, parts[0], 1, tensor: "a")
    try write(folder, parts[1], 2, tensor: "b")
    let text = #"{"metadata": {"total_size": 8}, "weight_map": {"a": "\#(parts[0])", "b": "\#(parts[1])"}}"#
    _ = try folder.write(Array(text.utf8), index)
    for asked in [nil, variant, "other"].prefix(variant == nil ? 3 : 2) {
      let file = try open(folder, asked)
      #expect(file.path == folder.file(index).path && Set(file.keys) == ["a", "b"])
      #expect(try file.tensor("a").scalar == 1 && file.tensor("b").scalar == 2)
      #expect(file.format == (index.contains(".bin.") ? .torchZip : .safetensors))
    }
  }

  /// Plain weights before variants, safetensors before pickles, the first base name before the second.
  @Test func preference() throws {
    let folder = try ScratchFolder()
    let files = [
      "pytorch_model.bin", "model.safetensors", "diffusion_pytorch_model.safetensors", "model.fp16.safetensors",
    ]
    try write(folder, "model.fp16.bin", 100)
    #expect(try open(folder).tensor("x").scalar == 100)
    for (value, name) in files.enumerated() {
      try write(folder, name, Float(value))
      #expect(try open(folder).tensor("x").scalar == Float(min(value, 2)), "\(name)")
    }
    #expect(try open(folder, "fp16").tensor("x").scalar == 3)
    // A part without the variant gives its plain weights, as in diffusers.
    #expect(try open(folder, "bf16").tensor("x").scalar == 2)
  }

  @Test func whatIsThereIsSaid() throws {
    let folder = try ScratchFolder()
    let tried = "has no diffusion_pytorch_model.safetensors or model.safetensors"
    let path = folder.url.path
    func problem(_ variant: String? = nil) -> String {
      do {
        _ = try open(folder, variant)
        return "none"
      } catch {
        return "\(error)"
      }
    }
    #expect(problem() == "\(path): \(tried)")
    for name in ["config.json", "flax_model.msgpack", "model.onnx", "model-00001-of-00002.safetensors"] {
      _ = try folder.write([1], name)
    }
    #expect(problem() == "\(path): \(tried), only flax_model.msgpack, model-00001-of-00002.safetensors, model.onnx")
    try write(folder, "model.fp16.safetensors", 1)
    #expect(problem() == "none" && problem("fp16") == "none")
    #expect(problem("bf16") == "\(path): has no variant bf16, only fp16")
    try write(folder, "model.bf16.safetensors", 1)
    #expect(problem().contains("has the variants bf16, fp16 and no plain weights: choose one with --variant"))
    #expect(problem("bf16") == "none")
    let gone = folder.file("gone")
    #expect(throws: CheckpointError.unreadable(path: gone.path, reason: "not found")) {
      try TensorFile(folder: gone, names: Self.names)
    }
  }

  @Test(
    arguments: [
      ("", "is empty"), ("{", "is not an index"), ("[]", "is not an index"), ("{}", "is not an index"),
      (#"{"weight_map": {"a": 1}}"#, "is not an index"), (#"{"weight_map": {}}"#, "its weight_map is empty"),
      (#"{"weight_map": {"a": "../one"}}"#, #"tensor a is outside the folder, in "../one""#),
      (#"{"weight_map": {"a": "/one"}}"#, "tensor a is outside the folder"),
      (#"{"weight_map": {"a": ".."}}"#, "tensor a is outside the folder"),
      (#"{"weight_map": {"a": ""}}"#, "tensor a is outside the folder"),
      (#"{"weight_map": {"a": "one", "b": "two"}}"#, "its shard two is missing"),
      (#"{"weight_map": {"a": "one", "x": "one", "b": "one"}}"#, "tensor x is not in one"),
      (#"{"weight_map": {"a": "one"}}"#, "does not list tensor b of one"),
      (#"{"weight_map": {"a": "one", "b": "one", "c": "both"}}"#, "tensor a is in both both and one"),
      (#"{"weight_map": {"a": "one", "b": "other", "c": "other"}}"#, "tensor b is in one, not in other"),
    ])
  func badIndex(_ text: String, _ reason: String) throws {
    let folder = try ScratchFolder()
    func shard(_ names: [String], _ file: String) throws {
      try TensorFile.write(names.map { ($0, .zeros([1])) }, to: folder.file(file))
    }
    try shard(["a", "b"], "one")
    try shard(["a", "c"], "both")
    try shard(["c"], "other")
    let index = try folder.write(Array(text.utf8), "model.safetensors.index.json")
    expectError([index.path, reason]) { _ = try open(folder) }
  }

  /// What is wrong with a shard is reported under the shard's own path.
  @Test func brokenShard() throws {
    let folder = try ScratchFolder()
    try write(folder, "one.safetensors", 1)
    let data = try Data(contentsOf: folder.file("one.safetensors"))
    try data.dropLast(2).write(to: folder.file("one.safetensors"))
    _ = try folder.write(Array(#"{"weight_map": {"x": "one.safetensors"}}"#.utf8), "model.safetensors.index.json")
    expectError([folder.file("one.safetensors").path, "truncated download, 2 bytes"]) { _ = try open(folder) }
  }
}
