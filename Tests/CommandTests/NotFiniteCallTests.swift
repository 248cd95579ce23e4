import Foundation
import Images
import Testing

/// Values that no picture can be made of: the job fails with one line, the other jobs go on.
@Suite struct NotFiniteCallTests {
  private let folder: CommandFolder
  private static let small = ["--steps", "2", "--width", "32", "--height", "32", "--precision", "f32"]

  init() throws { folder = try CommandFolder() }

  @Test func otherJobsGoOn() throws {
    let model = try folder.model("sd1_tiny").path
    let prompts = try folder.write(
      """
      a cat --d 1
      a cat --d 2 --l 1e38
      (a cat:99999999999999999999999999999999999999999) --d 3
      a dog --d 4
      """, to: "prompts.txt")
    for ending in ["png", "safetensors"] {
      let output = folder.results.appendingPathComponent("{seed}.\(ending)").path
      let result = try BuiltCommand.txt2img.run(
        ["--prompts", prompts, "--model", model, "--output", output, "--quiet"] + Self.small, in: folder.url)
      #expect(result.status == 1)
      let lines = result.complaints
      #expect(lines.count == 3, "\(result.errors)")
      #expect(lines.contains { $0.contains("prompts.txt:2:") && $0.contains("--cfg") })
      #expect(lines.contains { $0.contains("prompts.txt:3:") && $0.contains("weight is too large") })
      let made = try FileManager.default.contentsOfDirectory(atPath: folder.results.path)
      #expect(Set(made.filter { $0.hasSuffix(ending) }) == ["1.\(ending)", "4.\(ending)"])
    }
  }

  @Test(arguments: [
    ["--cfg", "nan"], ["--cfg", "inf"], ["--cfg", "-inf"], ["--cfg", "1e39"], ["--eta", "nan"], ["--eta", "inf"],
    ["--guidance-rescale", "nan"], ["--guidance-rescale", "inf"], ["--variation-strength", "nan"],
    ["--variation-strength", "inf"], ["--hires-scale", "nan"], ["--hires-scale", "inf"], ["--hires-scale", "1e308"],
    ["--hires-scale", "2", "--hires-denoise", "nan"], ["--clip-skip", "9223372036854775807"],
    ["--to-prompt", "b", "--to-share", "nan"], ["--width", "9223372036854775807"], ["--steps", "9223372036854775807"],
    ["--count", "9223372036854775807"],
  ])
  func flags(_ flags: [String]) throws {
    let model = try folder.model("sd1_tiny").path
    let output = folder.results.appendingPathComponent("a.png").path
    let result = try BuiltCommand.txt2img.run(["a", "--model", model, "--output", output] + flags, in: folder.url)
    #expect([1, 64].contains(result.status), "\(result.status) \(result.errors)")
    #expect(result.errors.contains(flags[flags.count - 2].dropFirst(2)), "\(result.errors)")
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.results.path) == [])
  }

  /// The same in a picture's metadata.
  @Test(arguments: [
    "CFG scale: nan", "CFG scale: inf", "CFG scale: 1e38", "Clip skip: 9223372036854775807",
    "Clip skip: -9223372036854775808", "Eta: nan", "CFG rescale: -inf", "Hires upscale: nan", "Hires upscale: 1e308",
    "Variation seed strength: nan, Variation seed: 1", "Size: 9223372036854775800x8", "Outpaint: 9223372036854775807",
    "Denoising strength: nan, Hires upscale: 2", "Steps: 9223372036854775807",
  ])
  func metadata(fields: String) throws {
    let model = try folder.model("sd1_tiny").path
    let text = "a\nSteps: 2, Sampler: DDIM, CFG scale: 2, Seed: 1, Size: 32x32, Version: imago"
    var kept = text.split(separator: ", ").map(String.init)
    for field in fields.split(separator: ", ").map(String.init) {
      let key = field.prefix { $0 != ":" }
      kept.removeAll { $0.hasPrefix(key) || $0.hasPrefix("a\n\(key)") }
      kept.insert(field, at: min(1, kept.count))
    }
    let settings = kept.joined(separator: ", ").replacing("a\n", with: "")
    let picture = folder.file("a.png")
    try ImageFile.save(
      Image(width: 8, height: 8, channels: 3, pixels: [UInt8](repeating: 9, count: 192)), to: picture,
      text: [(key: ImageFile.parametersKey, value: "a\n\(settings)")])
    let output = folder.results.appendingPathComponent("b.png").path
    let result = try BuiltCommand.txt2img.run(
      ["--from", picture.path, "--model", model, "--output", output], in: folder.url)
    // A field that says nothing about a picture from words may be left out.
    #expect([0, 1, 64].contains(result.status), "\(result.status) \(result.errors)")
    #expect(result.status == 0 || result.complaints.contains { $0.hasPrefix("error: ") }, "\(result.errors)")
  }
}
