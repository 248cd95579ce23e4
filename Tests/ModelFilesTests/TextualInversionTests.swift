import Checkpoints
import Conditioning
import Foundation
import ModelFiles
import PipelineSupport
import TensorCore
import TestSupport
import Testing

@Suite struct TextualInversionTests {
  private func write(_ tensors: [(String, Tensor)], _ name: String = "word.safetensors") throws -> URL {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    let url = folder.appendingPathComponent(name)
    try TensorFile.write(tensors, to: url)
    return url
  }

  private func filled(_ shape: [Int], _ value: Float = 0.5) -> Tensor {
    Tensor([Float](repeating: value, count: shape.reduce(1, *)), shape: shape)
  }

  /// The same vectors in the forms of AUTOMATIC1111 (pickle), diffusers (pickle, one vector without an axis) and
  /// safetensors.
  @Test(
    arguments: [
      ("zorb.safetensors", "zorb", nil, 2), ("zorb-a1111.pt", "zorb-a1111", nil, 2),
      ("zorb-concept.bin", "zorb-concept", "<zorb-toy>", 1),
    ] as [(String, String, String?, Int)])
  func forms(file: String, name: String, token: String?, count: Int) throws {
    let found = try TextualInversion(PromptFixtures.url(file), widths: [32])
    #expect(found.name == name && found.token == token)
    #expect(found.vectors.map(\.shape) == [[count, 32]])
    let expected = try PromptFixtures.zorb().vectors[0].floats().prefix(count * 32)
    #expect(found.vectors[0].floats() == Array(expected))
  }

  @Test func bothEncodersOfSDXL() throws {
    let url = try write([("clip_l", filled([3, 32])), ("clip_g", filled([3, 64], 0.25))])
    let found = try TextualInversion(url, widths: [32, 64])
    #expect(found.vectorCount == 3 && found.vectors.map(\.shape) == [[3, 32], [3, 64]])
  }

  @Test func otherModelsAreRefused() throws {
    let path = PromptFixtures.url("zorb-a1111.pt").path
    let error = try #require(throws: TextualInversionError.self) {
      try TextualInversion(PromptFixtures.url("zorb-a1111.pt"), widths: [768, 1280])
    }
    #expect(error == .wrongWidth(path: path, expected: [768, 1280], found: [32]))
    #expect(
      error.description
        == "\(path): its vectors have width 32, this model's text encoder takes 768 and 1280: the embedding was made "
        + "for another model family")
  }

  @Test func filesThatAreNone() throws {
    let model = try write([("a.weight", filled([2, 32])), ("a.bias", filled([2]))])
    let large = try write([("emb_params", filled([76, 32]))])
    let uneven = try write([("clip_l", filled([3, 32])), ("clip_g", filled([2, 64]))])
    let cube = try write([("emb_params", filled([1, 2, 32]))])
    let broken = try write([("emb_params", filled([1, 32], .nan))])
    let expected: [(URL, TextualInversionError)] = [
      (model, .notAnEmbedding(path: model.path, keys: ["a.bias", "a.weight"])),
      (large, .wrongCount(path: large.path, shapes: [[76, 32]], limit: 75)),
      (uneven, .wrongCount(path: uneven.path, shapes: [[3, 32], [2, 64]], limit: 75)),
      (cube, .wrongCount(path: cube.path, shapes: [[1, 2, 32]], limit: 75)),
      (broken, .notFinite(path: broken.path)),
    ]
    for (url, error) in expected {
      #expect(!error.description.contains("\n"))
      #expect(throws: error) { try TextualInversion(url, widths: [32]) }
    }
  }

  /// Files for other models are left out, each with a line.
  @Test func folders() throws {
    let folder = try write([("emb_params", filled([1, 32]))], "b.safetensors").deletingLastPathComponent()
    try TensorFile.write([("emb_params", filled([1, 16]))], to: folder.appendingPathComponent("c.safetensors"))
    try TensorFile.write([("emb_params", filled([1, 32]))], to: folder.appendingPathComponent("a.safetensors"))
    try Data("notes".utf8).write(to: folder.appendingPathComponent("readme.txt"))
    let found = try TextualInversionFolder(folder, widths: [32])
    #expect(found.embeddings.map(\.name) == ["a", "b"])
    #expect(found.leftOut.count == 1 && found.leftOut[0].contains("width 16"))
    #expect(throws: (any Error).self) {
      try TextualInversionFolder(folder.appendingPathComponent("none"), widths: [32])
    }
  }
}
