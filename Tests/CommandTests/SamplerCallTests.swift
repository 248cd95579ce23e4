import Checkpoints
import Foundation
import ReferenceSupport
import TestSupport
import Testing

/// Every stored scheduler on the small SD 1 model, by `txt2img`.
///
/// The scheduler arrives as a model's `scheduler_config.json`, and by `--sampler` and `--schedule` over a model that
/// has another.
@Suite struct SamplerCallTests {
  /// A scheduler's class and values as the reference describes them.
  private struct Setup {
    let key: String
    let config: [String: Any]
    let flags: [String]
  }

  private static let flags = ["--cfg", "4", "--steps", "5", "--seed", "21", "--width", "32", "--height", "32"]

  private static func expected() throws -> TensorFile {
    try TensorFile(fixtureURL("commands/expected.safetensors"))
  }

  private static func setups() throws -> [Setup] {
    let file = try TensorFile(fixtureURL("reference/samplers/expected.safetensors"))
    let about = try #require(file.metadata["about"])
    let root = try JSONSerialization.jsonObject(with: Data(about.utf8)) as? [String: Any]
    let all = try #require(root?["samplers"] as? [String: [String: Any]])
    return try all.map { key, value in
      var config = try #require(value["config"] as? [String: Any])
      config["_class_name"] = value["class"]
      let extra = value["extra"] as? [String: Any]
      // TCD's step takes eta 0.3 when it is told nothing; it is ours to say.
      let eta = value["class"] as? String == "TCDScheduler" ? 0.3 : extra?["eta"] as? Double
      return Setup(key: key, config: config, flags: eta.map { ["--eta", "\($0)"] } ?? [])
    }
  }

  /// 1e-5 of the range, as for stored calls with gentler guidance; the worst seen is 5.2e-5 where `clip_sample` holds
  /// values to ±1 that guidance has driven to hundreds.
  private func tolerance(_ key: String) -> Float { key.hasPrefix("ddpm_") ? 2e-4 : 1e-5 }

  @Test func configurations() throws {
    let (setups, expected) = (try Self.setups(), try Self.expected())
    #expect(setups.count == 33)
    for setup in setups {
      let folder = try CommandFolder()
      let model = try folder.model("sd1_tiny", scheduler: setup.config)
      let file = try folder.draw(.txt2img, [catOnTheMoon, "--model", model.path] + Self.flags + setup.flags)
      expectMatch(
        try file.tensor("latents").floats(), try expected.tensor("setup.\(setup.key)").floats(),
        tolerance: tolerance(setup.key), setup.key)
    }
  }

  /// Diffusers' class taking over the model's own configuration is what the names mean.
  @Test func names() throws {
    let (folder, expected) = (try CommandFolder(), try Self.expected())
    let model = try folder.model("sd1_tiny").path
    let keys = expected.keys.filter { $0.hasPrefix("flags.") }
    #expect(keys.count == 22)
    for key in keys {
      let words = key.dropFirst("flags.".count).split(separator: " ").map(String.init)
      var arguments = [catOnTheMoon, "--model", model, "--sampler", words[0]] + Self.flags
      if words.count > 1 { arguments += ["--schedule", words[1]] }
      if words[0] == "tcd" { arguments += ["--eta", "0.3"] }
      let file = try folder.draw(.txt2img, arguments)
      expectMatch(
        try file.tensor("latents").floats(), try expected.tensor(key).floats(), tolerance: tolerance(key), key)
    }
  }

  /// A prompt file draws what the flags draw.
  @Test func promptFile() throws {
    let (folder, expected) = (try CommandFolder(), try Self.expected())
    let model = try folder.model("sd1_tiny").path
    let names = ["euler", "heun", "unipc"]
    let lines = names.map { "\(catOnTheMoon) --l 4 --s 5 --d 21 --w 32 --h 32 --sampler \($0)" }
    let file = try folder.write(lines.joined(separator: "\n"), to: "prompts.txt")
    try folder.draw(
      .txt2img, ["--prompts", file, "--model", model], to: "00001.safetensors", pattern: "{index}.safetensors")
    for (index, name) in names.enumerated() {
      let found = try TensorFile(folder.results.appendingPathComponent("0000\(index + 1).safetensors"))
      expectMatch(
        try found.tensor("latents").floats(), try expected.tensor("flags.\(name)").floats(), tolerance: 1e-5, name)
    }
  }
}
