import Checkpoints
import ReferenceSupport
import TestSupport
import Testing

/// Every sampler of AUTOMATIC1111 on its own schedule and with its own noise, by `txt2img --rng nv`.
@Suite struct WebUICallTests {
  static let calls = [
    "DPM++ 2M/Karras", "DPM++ SDE/Karras", "DPM++ 2M SDE/Exponential", "DPM++ 2M SDE Heun/Exponential",
    "DPM++ 2S a/Karras", "DPM++ 3M SDE/Exponential", "Euler a/Uniform", "Euler/Uniform", "LMS/Uniform", "Heun/Uniform",
    "DPM2/Karras", "DPM2 a/Karras", "DPM fast/Uniform", "DPM adaptive/Uniform", "Restart/Karras",
  ]

  private static func expected() throws -> TensorFile { try TensorFile(fixtureURL("commands/a1111.safetensors")) }

  @Test func everyCallIsCovered() throws {
    #expect(Set(try Self.expected().keys) == Set(Self.calls))
  }

  /// 1e-5 of the range, as for diffusers' schedulers; the worst seen is 1.4e-6.
  @Test(arguments: calls) func call(_ key: String) throws {
    let folder = try CommandFolder()
    let names = key.split(separator: "/").map(String.init)
    let file = try folder.draw(
      .txt2img,
      [catOnTheMoon, "--model", try folder.model("sd1_tiny").path, "--cfg", "4", "--seed", "21", "--rng", "nv"]
        + ["--width", "32", "--height", "32", "--steps", names[0] == "Restart" ? "20" : "8"]
        + ["--sampler", names[0], "--schedule", names[1]])
    expectMatch(
      try file.tensor("latents").floats(), try Self.expected().tensor(key).floats(), tolerance: 1e-5, key)
  }
}
