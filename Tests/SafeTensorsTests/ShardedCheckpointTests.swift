import Foundation
import SafeTensors
import Testing

@Suite struct ShardedCheckpointTests {
  private static let names = ["diffusion_pytorch_model", "model"]
  private static let indexName = "model.safetensors.index.json"

  @Test(arguments: [
    "diffusion_pytorch_model.safetensors", "model.safetensors", "model.fp16.safetensors",
  ])
  func singleFile(_ name: String) throws {
    let folder = try TemporaryFolder()
    try writeShard(["b", "a"], to: folder.file(name))
    let checkpoint = try ShardedCheckpoint(directory: folder.url, baseNames: Self.names)
    #expect(checkpoint.names == ["b", "a"])
    #expect(checkpoint.metadata == ["format": "pt"])
    #expect(checkpoint.description == folder.file(name).path)
    #expect(checkpoint.entry("a")?.type == .F32)
    let (bytes, owner) = try #require(checkpoint.bytes(of: "a"))
    #expect(withExtendedLifetime(owner) { Array(bytes) } == [1, 2, 3, 4])
    #expect(checkpoint.entry("c") == nil && checkpoint.bytes(of: "c") == nil)
  }

  @Test(arguments: [indexName, "model.safetensors.index.fp16.json"])
  func shards(_ name: String) throws {
    let folder = try TemporaryFolder()
    try writeShard(["c", "a"], to: folder.file("part-1.safetensors"))
    try writeShard(["b"], to: folder.file("part-2.safetensors"))
    try folder.write(
      """
      {"metadata": {"total_size": 12}, "weight_map": {"a": "part-1.safetensors",
      "b": "part-2.safetensors", "c": "part-1.safetensors"}}
      """, name)
    let checkpoint = try ShardedCheckpoint(directory: folder.url, baseNames: Self.names)
    #expect(checkpoint.names == ["c", "a", "b"])
    #expect(checkpoint.files.count == 2)
    #expect(checkpoint.description == folder.file(name).path)
    let (bytes, owner) = try #require(checkpoint.bytes(of: "b"))
    #expect(owner.path == folder.file("part-2.safetensors").path)
    #expect(withExtendedLifetime(owner) { Array(bytes) } == [1, 2, 3, 4])
  }

  /// The first base name wins, and full precision wins over 16 bits.
  @Test func orderOfPreference() throws {
    let folder = try TemporaryFolder()
    let files = [
      "model.fp16.safetensors", "model.safetensors", "diffusion_pytorch_model.fp16.safetensors",
      "diffusion_pytorch_model.safetensors",
    ]
    for file in files {
      try writeShard([file], to: folder.file(file))
      let found = try ShardedCheckpoint(directory: folder.url, baseNames: Self.names)
      #expect(found.names == [file])
    }
  }

  @Test func folderWithoutWeights() throws {
    let folder = try TemporaryFolder()
    let tried = "has no diffusion_pytorch_model.safetensors or model.safetensors"
    expectError(folder, .unreadable(path: folder.url.path, reason: tried))
    try folder.write("", "pytorch_model.bin")
    expectError(
      folder,
      .unreadable(
        path: folder.url.path,
        reason: tried + ", only pytorch_model.bin: convert it to safetensors"))
  }

  @Test func missingFolder() throws {
    let url = try TemporaryFolder().file("none")
    #expect(throws: CheckpointError.unreadable(path: url.path, reason: "not found")) {
      try ShardedCheckpoint(directory: url, baseNames: Self.names)
    }
  }

  @Test(
    arguments: [
      ("", nil), ("{", "is not an index"), ("[]", "is not an index"), ("{}", "is not an index"),
      ("{\"weight_map\": {\"a\": 1}}", "is not an index"),
      ("{\"weight_map\": {}}", "its weight_map is empty"),
      ("{\"weight_map\": {\"a\": \"../one\"}}", "tensor a is outside the folder, in \"../one\""),
      ("{\"weight_map\": {\"a\": \"/one\"}}", "tensor a is outside the folder"),
      ("{\"weight_map\": {\"a\": \"..\"}}", "tensor a is outside the folder"),
      ("{\"weight_map\": {\"a\": \"\"}}", "tensor a is outside the folder"),
      ("{\"weight_map\": {\"a\": \"one\", \"b\": \"two\"}}", "its shard two is missing"),
      (
        "{\"weight_map\": {\"a\": \"one\", \"x\": \"one\", \"b\": \"one\"}}",
        "tensor x is not in one"
      ),
      ("{\"weight_map\": {\"a\": \"one\"}}", "does not list tensor b of one"),
      (
        "{\"weight_map\": {\"a\": \"one\", \"b\": \"one\", \"c\": \"both\"}}",
        "tensor a is in both both and one"
      ),
      (
        "{\"weight_map\": {\"a\": \"one\", \"b\": \"other\", \"c\": \"other\"}}",
        "tensor b is in one, not in other"
      ),
    ] as [(String, String?)])
  func badIndex(_ text: String, _ reason: String?) throws {
    let folder = try TemporaryFolder()
    try writeShard(["a", "b"], to: folder.file("one"))
    try writeShard(["a", "c"], to: folder.file("both"))
    try writeShard(["c"], to: folder.file("other"))
    let path = try folder.write(text, Self.indexName).path
    do throws(CheckpointError) {
      _ = try ShardedCheckpoint(directory: folder.url, baseNames: Self.names)
      Issue.record("opens")
    } catch {
      guard let reason else {
        #expect(error == .unreadable(path: path, reason: "is empty"))
        return
      }
      guard case .badIndex(path, let found) = error else {
        Issue.record("\(error)")
        return
      }
      #expect(found.contains(reason), "\(found)")
    }
  }

  /// What is wrong with a shard is reported under the shard's own path.
  @Test func brokenShard() throws {
    let folder = try TemporaryFolder()
    let shard = try folder.write(
      fileBytes("{" + entry("a", "U8", "[5]", 0, 5) + "}", dataCount: 3), "one")
    try folder.write("{\"weight_map\": {\"a\": \"one\"}}", Self.indexName)
    expectError(folder, .truncated(path: shard.path, missingBytes: 2))
  }

  private func expectError(
    _ folder: TemporaryFolder, _ error: CheckpointError,
    sourceLocation: SourceLocation = #_sourceLocation
  ) {
    #expect(throws: error, sourceLocation: sourceLocation) {
      try ShardedCheckpoint(directory: folder.url, baseNames: Self.names)
    }
  }
}
