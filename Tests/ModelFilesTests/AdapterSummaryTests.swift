import Checkpoints
import Foundation
import ModelFiles
import TensorCore
import TestSupport
import Testing

/// What adapters and embeddings say about themselves.
@Suite struct AdapterSummaryTests {
  private func file(_ tensors: [String: [Int]], metadata: [String: String] = [:]) throws -> (ScratchFolder, TensorFile)
  {
    let folder = try ScratchFolder()
    let url = folder.file("x.safetensors")
    let sorted = tensors.sorted { $0.key < $1.key }
    try TensorFile.write(sorted.map { ($0.key, Tensor(repeating: 2, shape: $0.value)) }, to: url, metadata: metadata)
    return (folder, try TensorFile(url))
  }

  @Test(arguments: [
    ("r4_a4_attn.kohya", "kohya", 4, [4] as [Float]), ("r4_a4_attn.diffusers", "diffusers", 4, []),
    ("r8_a2_attn_ff.kohya", "kohya", 8, [2]),
  ])
  func fixtures(name: String, scheme: String, rank: Int, alphas: [Float]) throws {
    let file = try TensorFile(fixtureURL("reference/lora_tiny/\(name).safetensors"))
    let summary = try #require(AdapterSummary(file))
    #expect(summary.scheme == scheme && summary.kinds == ["LoRA"])
    #expect(summary.ranks == [rank] && summary.alphas == alphas && summary.networks == ["unet"])
    #expect(summary.modules == file.keys.count { $0.contains("down.weight") })
    #expect(EmbeddingSummary(file) == nil)
  }

  @Test func otherKinds() throws {
    let (folder, hada) = try file([
      "lora_te_a.hada_w1_a": [8, 2], "lora_te_a.hada_w1_b": [2, 8], "lora_te_a.alpha": [],
      "lora_unet_attn2_to_k.lora_down.weight": [4, 2048], "lora_unet_attn2_to_k.dora_scale": [8, 1],
    ])
    let summary = try #require(AdapterSummary(hada))
    #expect(summary.kinds == ["DoRA", "LoHa", "LoRA"] && summary.ranks == [2, 4] && summary.alphas == [2])
    #expect(summary.base == "SDXL" && summary.networks == ["text_encoder", "unet"])
    let (other, list) = try file(["0": [320, 4], "1": [4, 320], "2": [320, 4], "3": [4, 1024]])
    #expect(AdapterSummary(list)?.scheme == "cloneofsimo" && AdapterSummary(list)?.base == "SD 2.x")
    let (third, told) = try file(["x.lora_A.weight": [4, 9]], metadata: ["ss_base_model_version": "sdxl_base_v1-0"])
    #expect(AdapterSummary(told)?.base == "SDXL" && AdapterSummary(told)?.scheme == "PEFT")
    _ = (folder, other, third)
  }

  @Test func embeddings() throws {
    let (folder, plain) = try file(["emb_params": [3, 768]])
    #expect(EmbeddingSummary(plain)?.vectors == 3 && EmbeddingSummary(plain)?.base == "SD 1.x")
    let (second, token) = try file(["<cat>": [1024]])
    #expect(EmbeddingSummary(token)?.name == "<cat>" && EmbeddingSummary(token)?.vectors == 1)
    let (third, pair) = try file(["clip_l": [2, 768], "clip_g": [2, 1280]])
    #expect(EmbeddingSummary(pair)?.base == "SDXL" && EmbeddingSummary(pair)?.widths == [768, 1280])
    let (fourth, other) = try file(["weight": [3, 32]])
    #expect(EmbeddingSummary(other) == nil && AdapterSummary(other) == nil)
    _ = (folder, second, third, fourth)
  }
}
