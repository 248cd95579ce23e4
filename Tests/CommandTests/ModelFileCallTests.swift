import Checkpoints
import Foundation
import SafeTensors
import TensorCore
import TestSupport
import Testing

/// Commands on model files in forms people have, and on what is none.
@Suite struct ModelFileCallTests {
  private let folder: CommandFolder

  init() throws { folder = try CommandFolder() }

  private func run(_ arguments: [String]) throws -> CommandResult {
    try BuiltCommand.imago.run(arguments, in: folder.url)
  }

  private func contents() throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: folder.results.path).sorted()
  }

  /// An ending that is not written is wrong usage, and nothing is made under that name.
  @Test(arguments: ["x.ckpt", "x.pt", "x.gguf", "x.bin", "x.CKPT", "x.onnx", "x.safetensor"])
  func endingsThatAreNotWritten(_ name: String) throws {
    let model = try folder.model("sd1_tiny").path
    let place = folder.results.appendingPathComponent(name).path
    for arguments in [["convert", model, place], ["merge", model, model, "--output", place]] {
      let result = try run(arguments)
      #expect(result.status == 64 && result.errors.contains("is not written"), "\(result.errors)")
      #expect(result.errors.contains("." + (name as NSString).pathExtension.lowercased()), "\(result.errors)")
    }
    let single = try run(["convert", model, place, "--to", "single"])
    #expect(single.status == 64 && single.errors.contains(".safetensors"), "\(single.errors)")
    let other = try run([
      "convert", model, folder.results.appendingPathComponent("x.safetensors").path, "--to", "folder",
    ])
    #expect(other.status == 64, "\(other.errors)")
    #expect(try contents() == [])
  }

  /// A version number is no ending.
  @Test func foldersWithPoints() throws {
    let model = try folder.model("sd1_tiny").path
    let place = folder.results.appendingPathComponent("mine-v1.5").path
    #expect(try run(["convert", model, place, "--quiet"]).status == 0)
    #expect(FileManager.default.fileExists(atPath: place + "/model_index.json"))
  }

  /// What is no file is not waited for.
  @Test func inspectingAPipe() throws {
    let pipe = folder.file("pipe.safetensors").path
    #expect(mkfifo(pipe, 0o600) == 0)
    for path in [pipe, "/dev/zero"] {
      let result = try run(["inspect", path])
      #expect(result.status == 1 && result.output.contains("pipe, device or socket"), "\(result.output)")
    }
    let drawn = try BuiltCommand.txt2img.run([catOnTheMoon, "--model", pipe], in: folder.url)
    #expect(drawn.status == 1 && drawn.errors.contains("not a regular file"), "\(drawn.errors)")
  }

  /// One line on stderr for what is not there, one object for each that is.
  @Test func inspectingWhatIsNotThere() throws {
    let adapter = fixtureURL("reference/lora_tiny/r4_a4_attn.kohya.safetensors").path
    let result = try run(["inspect", "--json", "nowhere.safetensors", adapter])
    #expect(result.status == 1 && result.complaints.count == 1, "\(result.errors)")
    #expect(result.errors.contains("nowhere.safetensors: not found"), "\(result.errors)")
    let lines = result.output.split(separator: "\n")
    #expect(lines.count == 1)
    let object = try JSONSerialization.jsonObject(with: Data(lines.joined().utf8)) as? [String: Any]
    #expect(object?["kind"] as? String == "adapter")
  }

  @Test func inspectingAnUnconditionalModel() throws {
    let result = try run(["inspect", "--json", fixtureURL("reference/ddpm_tiny").path])
    #expect(result.status == 0, "\(result.output)\(result.errors)")
    let object = try JSONSerialization.jsonObject(with: Data(result.output.utf8)) as? [String: Any]
    #expect(object?["variant"] as? String == "unconditional" && (object?["problems"] as? [String]) == [])
  }

  /// An alpha of whole numbers crashed.
  @Test func inspectingWholeNumbers() throws {
    let url = folder.file("a.safetensors")
    let key = "lora_unet_mid_block_attentions_0_proj_in"
    try TensorFile.write(
      [
        ("\(key).alpha", Tensor([4] as [Int32], shape: [])), ("\(key).lora_down.weight", .zeros([4, 8])),
        ("\(key).lora_up.weight", .zeros([8, 4])),
      ], to: url)
    let result = try run(["inspect", "--json", url.path])
    #expect(result.status == 0 && result.output.contains("\"alphas\":[4]"), "\(result.output)\(result.errors)")
  }

  /// Weights of whole numbers are told before anything is written.
  @Test func mergingWholeNumbers() throws {
    let model = try folder.model("sd1_tiny")
    let other = folder.file("other")
    try FileManager.default.copyItem(at: model, to: other)
    let unet = other.appendingPathComponent("unet/diffusion_pytorch_model.safetensors")
    try folder.rewrite(unet) { tensors in
      let shape = tensors["conv_in.weight"]?.shape ?? []
      tensors["conv_in.weight"] = RawTensor(Tensor([Int32](repeating: 0, count: shape.reduce(1, *)), shape: shape))
    }
    let place = folder.results.appendingPathComponent("m.safetensors").path
    for pair in [[model.path, other.path], [other.path, model.path]] {
      let result = try run(["merge"] + pair + ["--output", place])
      #expect(result.status == 1 && result.complaints.count == 1, "\(result.errors)")
      #expect(result.errors.contains("conv_in.weight: holds I32"), "\(result.errors)")
    }
    #expect(try contents() == [])
    let drawn = try BuiltCommand.txt2img.run([catOnTheMoon, "--model", other.path], in: folder.url)
    #expect(drawn.status == 1 && drawn.errors.contains("conv_in.weight: holds I32"), "\(drawn.errors)")
  }

  /// The variant is a flag, is kept in the picture, and comes back with --from.
  @Test func variants() throws {
    let model = try folder.model("sd1_tiny")
    let unet = model.appendingPathComponent("unet")
    let plain = unet.appendingPathComponent("diffusion_pytorch_model.safetensors")
    try FileManager.default.copyItem(
      at: plain, to: unet.appendingPathComponent("diffusion_pytorch_model.bf16.safetensors"))
    try FileManager.default.moveItem(
      at: plain, to: unet.appendingPathComponent("diffusion_pytorch_model.fp16.safetensors"))
    let small = ["--steps", "1", "--width", "32", "--height", "32", "--seed", "1", "--precision", "f32", "--quiet"]
    let picture = folder.results.appendingPathComponent("a.png").path
    let refused = try BuiltCommand.txt2img.run(
      [catOnTheMoon, "--model", model.path, "--output", picture] + small, in: folder.url)
    #expect(refused.status == 1 && refused.errors.contains("bf16, fp16"), "\(refused.errors)")
    let made = try BuiltCommand.txt2img.run(
      [catOnTheMoon, "--model", model.path, "--variant", "fp16", "--output", picture] + small, in: folder.url)
    #expect(made.status == 0, "\(made.errors)")
    let again = folder.results.appendingPathComponent("b.png").path
    let copied = try BuiltCommand.txt2img.run(
      ["--from", picture, "--model", model.path, "--variant", "fp16", "--output", again, "--quiet"], in: folder.url)
    #expect(copied.status == 0, "\(copied.errors)")
    #expect(
      try Data(contentsOf: folder.results.appendingPathComponent("a.png"))
        == Data(contentsOf: folder.results.appendingPathComponent("b.png")))
    let text = try String(decoding: Data(contentsOf: folder.results.appendingPathComponent("a.png")), as: UTF8.self)
    #expect(text.contains("Variant: fp16"))
    let file = try folder.write("--prompt \"a cat\" --variant bf16\n", to: "p.txt")
    let batch = try BuiltCommand.txt2img.run(
      ["--prompts", file, "--model", model.path, "--output", folder.results.path + "/"] + small, in: folder.url)
    #expect(batch.status == 0, "\(batch.errors)")
    #expect(try run(["convert", model.path, folder.results.appendingPathComponent("c").path]).status == 1)
    let converted = try run([
      "convert", model.path, folder.results.appendingPathComponent("c").path, "--variant", "bf16", "--quiet",
    ])
    #expect(converted.status == 0, "\(converted.errors)")
  }
}
