import Foundation
import Generation
import ModelFiles
import PipelineSupport
import TensorCore
import TestSupport
import Testing

/// Model folders with something wrong: each gives one line that names the place and the problem.
@Suite struct BrokenFolderTests {
  @Test func anIntactFolderLoads() throws {
    let folder = try ScratchModel()
    let components = try PipelineComponents(folder: folder.url)
    #expect(components.defaultSize == 64 && !components.network.config.readsSizes)
  }

  @Test func missingFolder() throws {
    let url = URL(fileURLWithPath: "/nowhere/at/all")
    expectError(loading: url, ["/nowhere/at/all: not found", "diffusers folder"])
  }

  @Test func aFileInsteadOfAFolder() throws {
    let folder = try ScratchModel()
    let file = folder.url.appendingPathComponent("model_index.json")
    expectError(loading: file, [file.path, "is a file"])
  }

  @Test func folderWithoutIndex() throws {
    let folder = try ScratchModel()
    try folder.remove("model_index.json")
    expectError(loading: folder.url, [folder.url.path, "has no model_index.json"])
  }

  @Test func anotherKindOfPipeline() throws {
    let url = fixtureURL("reference/ddpm_tiny")
    expectError(loading: url, [url.path, "DDPMPipeline is not a text-to-image pipeline"])
  }

  @Test func missingWeights() throws {
    let folder = try ScratchModel()
    try folder.remove("vae/diffusion_pytorch_model.safetensors")
    expectError(loading: folder.url, ["/vae: has no diffusion_pytorch_model.safetensors"])
  }

  @Test func truncatedWeights() throws {
    let folder = try ScratchModel()
    let data = try Data(contentsOf: folder.file("unet/diffusion_pytorch_model.safetensors"))
    try folder.write(data.dropLast(1000), "unet/diffusion_pytorch_model.safetensors")
    expectError(
      loading: folder.url,
      ["unet/diffusion_pytorch_model.safetensors: truncated download, 1000 bytes are missing"])
  }

  @Test func missingTensor() throws {
    let folder = try ScratchModel()
    try folder.rewriteWeights("unet") { $0["conv_out.bias"] = nil }
    expectError(loading: folder.url, ["/unet/", "missing conv_out.bias", "do not fit"])
  }

  @Test func wrongShape() throws {
    let folder = try ScratchModel()
    try folder.rewriteWeights("unet") { $0["conv_in.weight"] = .zeros([32, 4, 5, 5]) }
    expectError(
      loading: folder.url,
      ["/unet/", "wrong shape conv_in.weight [32, 4, 5, 5] instead of [32, 4, 3, 3]"])
  }

  @Test func unusedTensor() throws {
    let folder = try ScratchModel()
    try folder.rewriteWeights("vae") { $0["decoder.extra.weight"] = .zeros([3]) }
    expectError(loading: folder.url, ["/vae/", "not part of the model decoder.extra.weight"])
  }

  @Test(arguments: [
    BadValue("unet", "block_out_channels", .numbers([33, 64, 64]), "must be multiples of"),
    BadValue("unet", "attention_head_dim", .number(7), "must divide the channels"),
    BadValue("unet", "act_fn", .text("mish"), "\"mish\" is not supported"),
    BadValue("unet", "in_channels", .text("four"), "has the wrong type"),
    BadValue("vae", "norm_num_groups", .number(0), "must be multiples of norm_num_groups 0"),
    BadValue("text_encoder", "num_attention_heads", .number(5), "must divide hidden_size 32"),
    BadValue("text_encoder", "hidden_act", .text("swish"), "swish"),
    BadValue("scheduler", "beta_schedule", .text("wavy"), "wavy"),
    BadValue("scheduler", "num_train_timesteps", .number(0), "not 1 ... 1000000"),
  ])
  func badConfiguration(_ bad: BadValue) throws {
    let folder = try ScratchModel()
    let name = bad.part == "scheduler" ? "scheduler_config.json" : "config.json"
    try folder.setValue(bad.value.object, for: bad.key, in: "\(bad.part)/\(name)")
    // An error may name another key that the bad value contradicts, but always the file and the
    // reason.
    expectError(loading: folder.url, ["\(bad.part)/\(name)", bad.reason])
  }

  @Test func partsThatDoNotFit() throws {
    let folder = try ScratchModel()
    try folder.setValue(48, for: "cross_attention_dim", in: "unet/config.json")
    expectError(loading: folder.url, ["wrong shape", "attn2.to_k.weight"])
  }

  /// Loading fails with one line that has all of `parts`.
  private func expectError(
    loading url: URL, _ parts: [String], sourceLocation: SourceLocation = #_sourceLocation
  ) {
    do {
      _ = try PipelineComponents(folder: url)
      Issue.record("\(url.path) loaded", sourceLocation: sourceLocation)
    } catch {
      let line = "\(error)"
      #expect(!line.contains("\n"), "\(line)", sourceLocation: sourceLocation)
      for part in parts {
        #expect(line.contains(part), "no \"\(part)\" in: \(line)", sourceLocation: sourceLocation)
      }
    }
  }
}

/// A value that cannot stand at a key of a part's configuration.
struct BadValue: Sendable, CustomTestStringConvertible {
  enum Value: Sendable {
    case number(Int)
    case numbers([Int])
    case text(String)

    var object: Any {
      switch self {
      case .number(let value): value
      case .numbers(let values): values
      case .text(let text): text
      }
    }
  }

  let part, key, reason: String
  let value: Value
  var testDescription: String { "\(part) \(key)" }

  init(_ part: String, _ key: String, _ value: Value, _ reason: String) {
    (self.part, self.key, self.value, self.reason) = (part, key, value, reason)
  }
}
