import Checkpoints
import Foundation
import Images
import SafeTensors
import TensorCore
import TestSupport
import Testing

/// What cannot be done: exit status 1, one line that says what and where, and no file left behind.
@Suite struct BadInputTests {
  private let folder: CommandFolder
  private static let small = ["--steps", "1", "--width", "32", "--height", "32"]

  init() throws { folder = try CommandFolder() }

  /// Runs a command that must fail.
  /// - Parameter words: what the line must say.
  private func fails(
    _ command: BuiltCommand, _ arguments: [String], saying words: [String],
    sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    let output = folder.results.appendingPathComponent("a.png").path
    let result = try command.run(arguments + (command == .imago ? [] : ["--output", output]), in: folder.url)
    #expect(result.status == 1, "\(result.errors)", sourceLocation: sourceLocation)
    #expect(result.complaints.count == 1, "\(result.errors)", sourceLocation: sourceLocation)
    #expect(result.output.isEmpty, "\(result.output)", sourceLocation: sourceLocation)
    let line = result.complaints.first ?? ""
    #expect(line.hasPrefix("error: "), "\(line)", sourceLocation: sourceLocation)
    for word in words { #expect(line.contains(word), "no \(word) in: \(line)", sourceLocation: sourceLocation) }
    let left = try FileManager.default.contentsOfDirectory(atPath: folder.results.path)
    #expect(left == [], sourceLocation: sourceLocation)
  }

  private func unet(of model: URL) -> URL {
    model.appendingPathComponent("unet/diffusion_pytorch_model.safetensors")
  }

  private func cut(_ url: URL, to share: Double) throws {
    let data = try Data(contentsOf: url)
    try data.prefix(Int(Double(data.count) * share)).write(to: url)
  }

  // MARK: - Models

  @Test func truncatedWeights() throws {
    let model = try folder.model("sd1_tiny")
    try cut(unet(of: model), to: 0.5)
    try fails(.txt2img, [catOnTheMoon, "--model", model.path], saying: [unet(of: model).path, "truncated"])
    let single = folder.results.appendingPathComponent("single.safetensors").path
    try fails(.imago, ["convert", model.path, single], saying: [unet(of: model).path, "truncated"])
  }

  @Test func truncatedSingleFile() throws {
    let model = try folder.model("sd1_tiny")
    let single = folder.file("single.safetensors")
    let made = try BuiltCommand.imago.run(["convert", model.path, single.path, "--quiet"], in: folder.url)
    try #require(made.status == 0, "\(made.errors)")
    try cut(single, to: 0.3)
    try fails(.txt2img, [catOnTheMoon, "--model", single.path], saying: [single.path, "truncated"])
  }

  @Test(arguments: ["missing", "misshapen", "unused"]) func otherTensors(_ kind: String) throws {
    let model = try folder.model("sd1_tiny")
    try folder.rewrite(unet(of: model)) { tensors in
      switch kind {
      case "missing": tensors["conv_in.bias"] = nil
      case "misshapen": tensors["conv_in.bias"] = RawTensor(.zeros([31]))
      default: tensors["conv_in.spare"] = RawTensor(.zeros([3]))
      }
    }
    let name = kind == "unused" ? "conv_in.spare" : "conv_in.bias"
    try fails(.txt2img, [catOnTheMoon, "--model", model.path], saying: [unet(of: model).path, name])
  }

  @Test func filesThatAreNone() throws {
    let pointer = try folder.write(
      "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n", to: "a.safetensors")
    try fails(.txt2img, [catOnTheMoon, "--model", pointer], saying: [pointer, "git-LFS"])
    let nowhere = folder.file("nowhere.safetensors").path
    try fails(.txt2img, [catOnTheMoon, "--model", nowhere], saying: [nowhere, "not found"])
    let text = try folder.write("no weights at all", to: "b.ckpt")
    try fails(.txt2img, [catOnTheMoon, "--model", text], saying: [text])
  }

  /// `imago sample` draws from it, which is another command.
  @Test func unconditionalPipeline() throws {
    let model = fixtureURL("reference/ddpm_tiny")
    try fails(.txt2img, [catOnTheMoon, "--model", model.path], saying: [model.path, "DDPMPipeline"])
  }

  // MARK: - Adapters

  @Test func adapterOfAnotherBase() throws {
    let base = "lora_unet_down_blocks_0_attentions_0_transformer_blocks_0_attn2_to_k"
    let url = folder.file("other.safetensors")
    try TensorFile.write(
      [("\(base).lora_down.weight", .zeros([4, 768])), ("\(base).lora_up.weight", .zeros([320, 4]))], to: url,
      metadata: [:])
    let model = try folder.model("sd1_tiny").path
    try fails(
      .txt2img, [catOnTheMoon, "--model", model, "--lora", url.path] + Self.small, saying: [url.path, "SD 1.x"])
  }

  @Test func adapterOfNothingHere() throws {
    let url = folder.file("other.safetensors")
    try TensorFile.write(
      [("lora_unet_nothing_like_it.lora_down.weight", .zeros([4, 8]))]
        + [("lora_unet_nothing_like_it.lora_up.weight", .zeros([8, 4]))], to: url, metadata: [:])
    let model = try folder.model("sd1_tiny").path
    try fails(
      .txt2img, [catOnTheMoon, "--model", model, "--lora", url.path] + Self.small, saying: [url.path, "none of"])
    try fails(.txt2img, ["a <lora:nowhere:1> cat", "--model", model] + Self.small, saying: ["nowhere"])
  }

  // MARK: - Pictures

  @Test func maskOfAnotherSize() throws {
    let model = try folder.model("sd1_tiny")
    let mask = folder.file("mask.png")
    try ImageFile.save(
      Image(width: 48, height: 64, channels: 1, pixels: .init(repeating: 255, count: 48 * 64)), to: mask)
    let picture = model.appendingPathComponent("inpaint_4ch.image.png").path
    try fails(
      .img2img, [picture, catOnTheMoon, "--model", model.path, "--mask", mask.path],
      saying: ["--mask", "48×64", "64×64"])
  }

  @Test func damagedPicture() throws {
    let model = try folder.model("sd1_tiny")
    let picture = model.appendingPathComponent("inpaint_4ch.image.png")
    try cut(picture, to: 0.5)
    try fails(.img2img, [picture.path, catOnTheMoon, "--model", model.path], saying: [picture.path, "damaged PNG"])
    try fails(.txt2img, ["--from", picture.path], saying: [picture.path, "damaged PNG"])
  }

  // MARK: - Words

  @Test func unbalancedPrompt() throws {
    let model = try folder.model("sd1_tiny").path
    let result = try BuiltCommand.imago.run(["explain", "a (cat", "--strict", "--model", model], in: folder.url)
    #expect(result.status == 1 && result.complaints.count == 1, "\(result.errors)")
    #expect(result.errors.contains("column 3"), "\(result.errors)")
  }

  /// Values only the model shows to be wrong.
  @Test(arguments: [("--clip-skip", "9"), ("--hires-scale", "1000"), ("--steps", "1001")])
  func valuesThatCannotWork(flag: String, value: String) throws {
    let model = try folder.model("sd1_tiny").path
    try fails(.txt2img, [catOnTheMoon, "--model", model, flag, value], saying: ["\(flag) \(value)"])
  }

  /// Wrong usage: exit status 64, the reason in one line, before anything is loaded.
  @Test(arguments: [
    (["--sampler", "eulr"], ["'eulr'", "euler, euler-a"]), (["--schedule", "krras"], ["'krras'", "karras"]),
    (["--sampler", "lcm", "--schedule", "karras"], ["karras", "lcm"]), (["--count", "0"], ["--count 0"]),
    (["--rng", "dice"], ["dice", "torch-batch"]), (["--nonsense"], ["--nonsense"]),
    (["--width", "33"], ["--width 33", "multiple of 8; try 32"]), (["--width", "100000"], ["8 to 8192 pixels"]),
    (["--steps", "0"], ["--steps 0"]), (["--cfg", "-1"], ["--cfg -1"]), (["--cfg", "nan"], ["'nan'"]),
    (["--steps", "20.5"], ["'20.5'", "whole number"]), (["--cfg", "7,5"], ["'7,5'", "write 7.5 with a point"]),
    (["--seed", "-5"], ["'-5'", "-1 to draw one"]), (["--count", "1000000000000000000"], ["1 to 100000"]),
    (["--count", "99999999999999999999"], ["too large"]), (["--batch", "1000000000"], ["1 to 4096"]),
    (["--threads", "1000000000"], ["1 to 1024"]), (["--clip-skip", "9223372036854775807"], ["0 to 1000"]),
    (["--frames", "1000000000", "--to-seed", "3"], ["2 to 1000"]),
    (["--width", "63"], ["--width 63"]), (["--height", "0"], ["--height 0"]), (["--eta", "2"], ["--eta 2"]),
    (["--guidance-rescale", "-1"], ["rescale"]), (["--clip-skip=-1"], ["--clip-skip -1"]),
    (["--hires-scale", "0.5"], ["--hires-scale 0.5"]), (["--hires-steps", "3"], ["--hires-steps", "--hires-scale"]),
    (["--variation-strength", "2"], ["--variation-strength"]),
    (["--variation-seed", "2"], ["--variation-strength"]), (["--frames", "3"], ["--to-prompt"]),
    (["--to-share", "0.5"], ["--to-prompt"]), (["--styles", "a.csv"], ["--styles", "--style"]),
    (["--factored"], ["--factored", "--lora"]), (["--eta", "0.5", "--sampler", "euler"], ["--eta", "ddim"]),
    (["--grid"], ["--grid", "--count"]), (["--preview-every", "9", "--steps", "4"], ["--preview-every"]),
    (["--lora", "x:nan"], ["x:nan"]), (["--output", "b.bmp"], ["b.bmp", ".png"]),
    (["--width", "63", "--prompts", "nowhere.txt"], []),
  ])
  func wrongUsage(flags: [String], words: [String]) throws {
    let output = folder.results.appendingPathComponent("a.png").path
    let result = try BuiltCommand.txt2img.run([catOnTheMoon, "--output", output] + flags, in: folder.url)
    #expect(result.status == 64 && result.output.isEmpty, "\(result.errors)")
    #expect(result.complaints.count == 1, "\(result.errors)")
    let line = result.complaints.first ?? ""
    #expect(line.hasPrefix("error: "), "\(result.errors)")
    for word in words { #expect(line.contains(word), "no \(word) in: \(line)") }
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.results.path) == [])
  }

  /// Bad lines are named, each in a line of its own, and the others are drawn.
  @Test func promptFileWithBadLines() throws {
    let model = try folder.model("sd1_tiny").path
    let file = try folder.write(
      """
      # a comment
      \(catOnTheMoon)
      --prompt "a dog" --steps many
      --prompt "a dog" --sampler eulr

      a red butterfly --d 5
      """, to: "prompts.txt")
    let result = try BuiltCommand.txt2img.run(
      ["--prompts", file, "--model", model, "--quiet", "--precision", "f32", "--output", folder.results.path + "/"]
        + Self.small, in: folder.url)
    #expect(result.status == 1)
    #expect(result.complaints.count == 3, "\(result.errors)")
    #expect(result.errors.contains("\(file):3: --steps many") && result.errors.contains("\(file):4: "))
    let made = try FileManager.default.contentsOfDirectory(atPath: folder.results.path).sorted()
    #expect(made.count == 3 && made[1].hasSuffix("-5.png") && made[2] == "manifest.jsonl", "\(made)")
  }

  /// A prompt that is empty is drawn, as is one of which nothing is known; no prompt at all is wrong usage.
  @Test func noPrompt() throws {
    let model = try folder.model("sd1_tiny").path
    for (prompt, name) in [("", "a.png"), (" ", "b.png")] {
      let output = folder.results.appendingPathComponent(name).path
      let result = try BuiltCommand.txt2img.run(
        [prompt, "--model", model, "--seed", "-1", "--steps", "1.0", "--output", output] + Self.small.dropFirst(2),
        in: folder.url)
      #expect(result.status == 0 && FileManager.default.fileExists(atPath: output), "\(result.errors)")
    }
    let result = try BuiltCommand.txt2img.run([], in: folder.url)
    #expect(result.status == 64 && result.errors.contains("say what the picture shows"), "\(result.errors)")
  }

  /// Jobs from standard input; a line that is no text costs itself.
  @Test func jobsFromStandardInput() throws {
    let model = try folder.model("sd1_tiny").path
    let flags = ["--model", model, "--quiet", "--precision", "f32", "--output", folder.results.path + "/"] + Self.small
    let result = try BuiltCommand.txt2img.run(
      ["--prompts", "-"] + flags, in: folder.url, input: "a red butterfly --d 5\n--steps many\na cat --d 6 --s 2\n")
    #expect(result.status == 1 && result.errors.contains("standard input:2: "), "\(result.errors)")
    let made = try FileManager.default.contentsOfDirectory(atPath: folder.results.path).sorted()
    #expect(made == ["00001-5.png", "00002-6.png", "manifest.jsonl"])
    let file = folder.file("latin1.txt")
    try Data(Array("a cat --d 6 --s 2\na caf".utf8) + [0xe9] + Array(" --d 7\na dog --d 8\n".utf8)).write(to: file)
    let second = try BuiltCommand.txt2img.run(["--prompts", file.path] + flags, in: folder.url)
    #expect(second.status == 1 && second.errors.contains("\(file.path):2: "), "\(second.errors)")
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.results.path).count == 4)
  }

  @Test func stylesThatAreNotThere() throws {
    let model = try folder.model("sd1_tiny").path
    let missing = folder.file("none.csv").path
    try fails(
      .txt2img, [catOnTheMoon, "--model", model, "--styles", missing, "--style", "ink"], saying: [missing, "--styles"])
  }

  @Test func alphaOfAPictureWithout() throws {
    let model = try folder.model("sd1_tiny")
    let picture = model.appendingPathComponent("inpaint_4ch.image.png").path
    try fails(
      .img2img, [picture, catOnTheMoon, "--model", model.path, "--mask", "alpha"] + Self.small,
      saying: ["--mask alpha", "no transparent parts"])
    let colour = try BuiltCommand.img2img.run([picture, catOnTheMoon, "--background", "reddish"], in: folder.url)
    #expect(colour.status == 64 && colour.errors.contains("#ff8800"), "\(colour.errors)")
  }
}
