import Checkpoints
import ReferenceSupport
import TestSupport
import Testing

/// A pipeline call of diffusers, as it is typed.
struct TypedCall: Sendable, CustomTestStringConvertible {
  let folder, name: String
  var prompt = catOnTheMoon
  /// Pictures of a batch, and which of them is looked at.
  var count = 1
  var row = 0
  let flags: String
  var testDescription: String { "\(folder) \(name)\(count > 1 ? " \(row)" : "")" }

  static let negative = ["--negative", "blurry, low quality"]
  static let all = [
    TypedCall(folder: "sd1_tiny", name: "t2i_cfg7.5", flags: "--cfg 7.5 --steps 8 --seed 42 --width 64 --height 64"),
    TypedCall(folder: "sd1_tiny", name: "t2i_cfg1_wide", flags: "--cfg 1 --steps 5 --seed 1 --width 80 --height 48"),
    TypedCall(
      folder: "sd1_tiny", name: "t2i_batch2", count: 2,
      flags: "--cfg 5 --steps 4 --seed 3 --width 64 --height 64 --rng torch-batch"),
    TypedCall(
      folder: "sd1_tiny", name: "t2i_batch2", prompt: "a red butterfly", count: 2, row: 1,
      flags: "--cfg 5 --steps 4 --seed 3 --width 64 --height 64 --rng torch-batch"),
    TypedCall(
      folder: "sd1_tiny", name: "t2i_rescale",
      flags: "--cfg 9 --guidance-rescale 0.7 --steps 4 --seed 5 --width 64 --height 64"),
    TypedCall(
      folder: "sd1_tiny", name: "t2i_clipskip1",
      flags: "--cfg 7.5 --clip-skip 1 --steps 4 --seed 5 --width 64 --height 64"),
    TypedCall(folder: "sd2_tiny_v", name: "t2i", flags: "--cfg 7.5 --steps 6 --seed 42 --width 64 --height 64"),
    TypedCall(folder: "sdxl_tiny", name: "t2i", flags: "--cfg 5 --steps 5 --seed 42 --width 64 --height 64"),
  ]

  /// The stored calls with a negative prompt.
  var arguments: [String] {
    let negative = name == "t2i" || name == "t2i_cfg7.5" ? Self.negative : []
    return [prompt] + flags.split(separator: " ").map(String.init) + negative + ["--count", "\(count)"]
  }
}

/// Every stored text-to-image call, by `txt2img`.
///
/// 5e-5 of the range: guidance multiplies rounding errors of some 1e-6 by up to nine at every step; the worst seen is
/// 1e-5, of a picture with little range.
@Suite struct StoredCallTests {
  static let tolerance: Float = 5e-5

  @Test(arguments: TypedCall.all) func call(_ call: TypedCall) throws {
    let folder = try CommandFolder()
    let arguments = call.arguments + ["--model", try folder.model(call.folder).path]
    let file = try folder.draw(
      .txt2img, arguments, to: "0000\(call.row + 1).safetensors", pattern: "{index}.safetensors")
    try file.expectStored(
      call.name, in: ReferenceCase(call.folder).expected, row: call.row, tolerance: Self.tolerance)
  }

  /// The stored picture of the model without words, by `imago sample`.
  @Test func unconditional() throws {
    let folder = try CommandFolder()
    let arguments = ["sample", fixtureURL("reference/ddpm_tiny").path, "--steps", "10", "--seed", "0"]
    let file = try folder.draw(.imago, arguments)
    expectMatch(
      try file.tensor("image_nhwc").floats(), try ReferenceCase("ddpm_tiny").floats("image_nhwc"),
      tolerance: Self.tolerance, "picture")
  }

  /// The same pipeline as one file under the original key names gives the same bits.
  @Test(arguments: ["sd1_tiny", "sd2_tiny_v", "sdxl_tiny"]) func asASingleFile(name: String) throws {
    let folder = try CommandFolder()
    let model = try folder.model(name)
    let single = folder.file("single.safetensors").path
    let converted = try BuiltCommand.imago.run(["convert", model.path, single, "--quiet"], in: folder.url)
    try #require(converted.status == 0, "\(converted.errors)")
    let flags = [catOnTheMoon, "--steps", "2", "--seed", "4", "--width", "32", "--height", "32", "--sampler", "ddim"]
    let first = try folder.draw(.txt2img, flags + ["--model", model.path], to: "folder.safetensors")
    let second = try folder.draw(.txt2img, flags + ["--model", single], to: "single.safetensors")
    #expect(try first.tensor("latents").floats() == second.tensor("latents").floats())
  }
}
