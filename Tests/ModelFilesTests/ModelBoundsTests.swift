import Checkpoints
import Foundation
import Generation
import ModelFiles
import Models
import PipelineSupport
import TensorCore
import TestSupport
import Testing

/// Configurations that claim more than any model has: an error that names file and key, before memory is filled.
@Suite struct ModelBoundsTests {
  /// A value of JSON at a key of a part's configuration, and what the error says of it.
  struct Claim: Sendable, CustomTestStringConvertible {
    let part, key, value, reason: String
    var testDescription: String { "\(part) \(key) \(value)" }

    init(_ part: String, _ key: String, _ value: String, _ reason: String) {
      (self.part, self.key, self.value, self.reason) = (part, key, value, reason)
    }
  }

  static let largest = "9223372036854775807"

  static let claims: [Claim] = [
    Claim("text_encoder", "num_hidden_layers", "1000000", "num_hidden_layers is 1000000, must be 1 to 512"),
    Claim("text_encoder", "num_hidden_layers", "500", "missing"),
    Claim("text_encoder", "hidden_size", "32000", "wrong shape"),
    Claim("text_encoder", "hidden_size", largest, "hidden_size is \(largest)"),
    Claim("text_encoder", "intermediate_size", largest, "intermediate_size is"),
    Claim("text_encoder", "vocab_size", largest, "vocab_size is"),
    Claim("text_encoder", "vocab_size", "16000000", "wrong shape"),
    Claim("text_encoder", "max_position_embeddings", largest, "max_position_embeddings is"),
    Claim("text_encoder", "projection_dim", "-1", "projection_dim is -1"),
    Claim("text_encoder", "eos_token_id", "-9223372036854775808", "eos_token_id is"),
    Claim("text_encoder", "layer_norm_eps", "-1", "layer_norm_eps is -1"),
    Claim("text_encoder", "layer_norm_eps", "NaN", "layer_norm_eps"),
    Claim("unet", "layers_per_block", "1000000", "layers_per_block is 1000000"),
    Claim("unet", "layers_per_block", "[400, 400, 400]", "layers_per_block"),
    Claim("unet", "layers_per_block", "300", "missing"),
    Claim("unet", "transformer_layers_per_block", "1000000", "transformer_layers_per_block is 1000000"),
    Claim("unet", "cross_attention_dim", largest, "cross_attention_dim is"),
    Claim("unet", "block_out_channels", "[\(largest), 64, 64]", "block_out_channels is \(largest)"),
    Claim("unet", "block_out_channels", "[]", "block_out_channels has 0 entries"),
    Claim("unet", "attention_head_dim", "0", "attention_head_dim is 0"),
    Claim("unet", "in_channels", "-4", "in_channels is -4"),
    Claim("unet", "out_channels", "4611686018427387904", "out_channels is"),
    Claim("unet", "sample_size", largest, "sample_size is"), Claim("unet", "sample_size", "0", "sample_size is 0"),
    Claim("unet", "norm_eps", "-1", "norm_eps is -1"), Claim("unet", "norm_eps", "Infinity", "norm_eps"),
    Claim("unet", "freq_shift", "16", "freq_shift is 16"),
    Claim("vae", "layers_per_block", "1000000", "layers_per_block is"),
    Claim("vae", "layers_per_block", "500", "missing"),
    Claim("vae", "latent_channels", "4611686018427387904", "latent_channels is"),
    Claim("vae", "sample_size", largest, "sample_size is"),
    Claim("vae", "scaling_factor", "0", "scaling_factor is"), Claim("vae", "scaling_factor", "NaN", "scaling_factor"),
    Claim("vae", "block_out_channels", "[32,32,32,32,32,32,32,32,32,32,32,32,32,32,32,32]", "has 16 entries"),
  ]

  private static func changed(_ text: String, _ claim: Claim) throws -> String {
    // JSON has no NaN, so the value goes in as text.
    var object = try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any] ?? [:]
    object[claim.key] = "VALUE"
    let data = try JSONSerialization.data(withJSONObject: object)
    return String(decoding: data, as: UTF8.self).replacingOccurrences(of: "\"VALUE\"", with: claim.value)
  }

  private func expectError(
    _ parts: [String], sourceLocation: SourceLocation = #_sourceLocation, _ body: () throws -> Void
  ) {
    do {
      try body()
      Issue.record("no error", sourceLocation: sourceLocation)
    } catch {
      let line = "\(error)"
      #expect(!line.contains("\n"), "\(line)", sourceLocation: sourceLocation)
      for part in parts { #expect(line.contains(part), "no \(part) in: \(line)", sourceLocation: sourceLocation) }
    }
  }

  @Test(arguments: claims) func inAFolder(_ claim: Claim) throws {
    let folder = try ScratchModel()
    let path = "\(claim.part)/config.json"
    let text = try String(contentsOf: folder.file(path), encoding: .utf8)
    try folder.write(Data(try Self.changed(text, claim).utf8), path)
    expectError([folder.url.path, claim.part, claim.reason]) { _ = try PipelineComponents(folder: folder.url) }
  }

  /// The same claims in the metadata of a single file.
  @Test(arguments: ["text_encoder", "unet", "vae"]) func inMetadata(_ part: String) throws {
    let scratch = try ScratchPipeline("sd1_tiny")
    let url = try scratch.single()
    for claim in Self.claims where claim.part == part && !["missing", "wrong shape"].contains(claim.reason) {
      let path = "\(part)/config.json"
      var texts = try PipelineFiles(scratch.model).configurations.texts
      texts[path] = try Self.changed(try #require(texts[path]), claim)
      let json = String(decoding: try JSONEncoder().encode(texts), as: UTF8.self)
      try scratch.rewrite(url, metadata: ["imago.configurations": json]) { _ in }
      expectError([url.path, claim.key]) { _ = try PipelineFiles(url) }
      #expect(try !ModelInspection(url, scansValues: false).problems.isEmpty, "\(claim.testDescription)")
    }
  }

  /// TAESD's configuration and that of unconditional models.
  @Test(arguments: [
    ("taesd_shape", "config.json", "num_decoder_blocks", "[1000000, 1, 1, 1]"),
    ("taesd_shape", "config.json", "latent_channels", largest),
    ("ddpm_tiny", "unet/config.json", "layers_per_block", "1000000"),
    ("ddpm_tiny", "unet/config.json", "sample_size", largest), ("ddpm_tiny", "unet/config.json", "norm_eps", "-1"),
    ("ddpm_tiny", "unet/config.json", "attention_head_dim", "0"),
  ])
  func otherModels(_ name: String, _ path: String, _ key: String, _ value: String) throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("imago-test-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: folder) }
    try FileManager.default.copyItem(at: fixtureURL("reference/\(name)"), to: folder)
    let file = folder.appendingPathComponent(path)
    let claim = Claim("", key, value, "")
    try Data(try Self.changed(String(contentsOf: file, encoding: .utf8), claim).utf8).write(to: file)
    expectError([file.path, key]) {
      if name == "ddpm_tiny" {
        _ = try UnconditionalImages(folder: folder, precision: .f32)
      } else {
        _ = try TinyAutoencoder(folder)
      }
    }
  }

  /// Shapes of a file are claims, too: nothing published has such sizes.
  @Test func shapesOfAFile() throws {
    let scratch = try ScratchPipeline("sdxl_tiny")
    let url = try scratch.single()
    try scratch.rewrite(url, metadata: ["format": "pt"]) { tensors in
      tensors["model.diffusion_model.label_emb.0.0.weight"] = RawTensor(.zeros([128, 4]))
    }
    expectError([url.path, "addition_time_embed_dim is"]) { _ = try PipelineFiles(url) }
  }

  /// Configurations that are no files.
  @Test(arguments: ["model_index.json", "unet/config.json", "scheduler/scheduler_config.json", "tokenizer/vocab.json"])
  func pipesInPlaceOfFiles(_ path: String) throws {
    let folder = try ScratchModel()
    try folder.remove(path)
    #expect(mkfifo(folder.file(path).path, 0o600) == 0)
    expectError([folder.file(path).path, "not a regular file"]) { _ = try PipelineComponents(folder: folder.url) }
  }
}
