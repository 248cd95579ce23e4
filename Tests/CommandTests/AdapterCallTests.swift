import Foundation
import ReferenceSupport
import TestSupport
import Testing

/// Both stored adapters in both formats, by `txt2img --lora` and by name in the prompt.
@Suite struct AdapterCallTests {
  /// The second adapter's file in diffusers' format has no alpha, which was 2 with rank 8: a weight of 1/4 stands in.
  @Test(arguments: [
    ("r4_a4_attn.diffusers", 1.0), ("r4_a4_attn.kohya", 1.0), ("r8_a2_attn_ff.diffusers", 0.25),
    ("r8_a2_attn_ff.kohya", 1.0),
  ])
  func call(file: String, weight: Double) throws {
    let folder = try CommandFolder()
    let adapter = fixtureURL("reference/lora_tiny/\(file).safetensors")
    let flags = [
      "--model", try folder.model("sd1_tiny").path, "--cfg", "7.5", "--steps", "4", "--seed", "5", "--width", "64",
      "--height", "64",
    ]
    let given = try folder.draw(.txt2img, [catOnTheMoon, "--lora", "\(adapter.path):\(weight)"] + flags)
    let name = file.prefix { $0 != "." }
    try given.expectStored(
      String(name), in: ReferenceCase("lora_tiny").expected, tolerance: StoredCallTests.tolerance)

    let beside = try folder.draw(
      .txt2img, [catOnTheMoon, "--lora", "\(adapter.path):\(weight)", "--factored"] + flags, to: "b.safetensors")
    try beside.expectStored(
      String(name), in: ReferenceCase("lora_tiny").expected, tolerance: StoredCallTests.tolerance)

    // From the folder of adapters beside where the command runs; the words of the prompt stay the same.
    try FileManager.default.createDirectory(at: folder.file("loras"), withIntermediateDirectories: true)
    try FileManager.default.copyItem(at: adapter, to: folder.file("loras/\(file).safetensors"))
    let named = try folder.draw(.txt2img, ["\(catOnTheMoon)<lora:\(file):\(weight)>"] + flags, to: "b.safetensors")
    #expect(try named.tensor("latents").floats() == given.tensor("latents").floats())
  }
}
