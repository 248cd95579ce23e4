import Checkpoints
import Foundation
import Images
import ReferenceSupport
import TestSupport
import Testing

/// A diffusion transformer with a flow's scheduler in the place of a U-Net, by the commands: told classes, and told texts.
@Suite struct DiTCallTests {
  /// A network of `Fixtures/dit` on the latents of `reference/sd1_tiny`, with that one's autoencoder and text encoder.
  private func model(_ name: String, in folder: CommandFolder) throws -> URL {
    let model = try folder.model(
      "sd1_tiny", scheduler: ["_class_name": "FlowMatchEulerDiscreteScheduler", "shift": 2.0])
    let files = FileManager.default
    let isText = name == "pipeline_text"
    for part in ["unet"] + (isText ? [] : ["text_encoder", "tokenizer"]) {
      try files.removeItem(at: model.appendingPathComponent(part))
    }
    let network = model.appendingPathComponent("transformer")
    try files.copyItem(at: fixtureURL("dit/\(name)"), to: network)
    try files.removeItem(at: network.appendingPathComponent("expected.safetensors"))
    var index: [String: Any] = [
      "_class_name": isText ? "PixArtAlphaPipeline" : "DiTPipeline", "vae": ["diffusers", "AutoencoderKL"],
      "scheduler": ["diffusers", "FlowMatchEulerDiscreteScheduler"],
      "transformer": ["diffusers", isText ? "PixArtTransformer2DModel" : "DiTTransformer2DModel"],
    ]
    if isText {
      index["text_encoder"] = ["transformers", "CLIPTextModel"]
      index["tokenizer"] = ["transformers", "CLIPTokenizer"]
    } else {
      index["id2label"] = ["0": "disc", "1": "ring, hoop", "2": "star"]
    }
    try JSONSerialization.data(withJSONObject: index).write(to: model.appendingPathComponent("model_index.json"))
    return model
  }

  private func flags(_ prompt: String, _ model: URL) -> [String] {
    [prompt, "--model", model.path, "--steps", "5", "--seed", "42", "--width", "16", "--height", "16", "--cfg", "3"]
  }

  /// Whole runs against diffusers': the latents they end in.
  @Test(arguments: [("pipeline_classes", "hoop"), ("pipeline_text", catOnTheMoon)], [nil, "flow-euler", "heun"])
  func latents(model: (name: String, prompt: String), sampler: String?) throws {
    let folder = try CommandFolder()
    let place = try self.model(model.name, in: folder)
    let drawn = try folder.draw(
      .txt2img, flags(model.prompt, place) + (sampler.map { ["--sampler", $0] } ?? []))
    let stored = try TensorFile(fixtureURL("dit/\(model.name)/expected.safetensors"))
    expectMatch(
      try drawn.tensor("latents").floats(), try stored.tensor(sampler ?? "flow-euler").floats(), tolerance: 1e-4,
      "\(model.name), \(sampler ?? "its own sampler")")
  }

  /// What a picture says of itself makes it again.
  @Test func metadataMakesThePictureAgain() throws {
    let folder = try CommandFolder()
    let place = try model("pipeline_classes", in: folder)
    let first = folder.results.appendingPathComponent("a.png")
    let again = folder.results.appendingPathComponent("b.png")
    let drawn = try BuiltCommand.txt2img.run(
      flags("ring, hoop", place) + ["--sampler", "dpmpp-2m", "--precision", "f32", "--output", first.path],
      in: folder.url)
    try #require(drawn.status == 0, "\(drawn.errors)")
    let said = try #require(try ImageFile.parameters(of: first))
    #expect(said.hasPrefix("ring, hoop\n") && said.contains("Sampler: DPM++ 2M"), "\(said)")
    #expect(said.contains("Steps: 5") && said.contains("Seed: 42"), "\(said)")
    let redrawn = try BuiltCommand.txt2img.run(
      ["--from", first.path, "--model", place.path, "--precision", "f32", "--output", again.path], in: folder.url)
    try #require(redrawn.status == 0, "\(redrawn.errors)")
    #expect(try ImageFile.load(first).pixels == ImageFile.load(again).pixels)
  }

  @Test(arguments: [
    ("a zebra", [], "\"a zebra\": names no class of the model, which knows disc; ring, hoop; star"),
    ("disc", ["--sampler", "ddim"], "sampler ddim is not for this model, a rectified flow"),
    ("disc", ["--schedule", "beta"], "beta"),
  ])
  func whatCannotBe(prompt: String, more: [String], line: String) throws {
    let folder = try CommandFolder()
    let place = try model("pipeline_classes", in: folder)
    let result = try BuiltCommand.txt2img.run(
      flags(prompt, place) + more + ["--output", folder.results.appendingPathComponent("a.png").path], in: folder.url)
    #expect(result.status == 1 || result.status == 64, "\(result.status)")
    #expect(result.complaints.count == 1 && result.errors.contains(line), "\(result.errors)")
  }

  /// Labels of other classes than the network's.
  @Test func labelsThatDoNotFit() throws {
    let folder = try CommandFolder()
    let place = try model("pipeline_classes", in: folder)
    let index = place.appendingPathComponent("model_index.json")
    let text = try String(contentsOf: index, encoding: .utf8)
    try Data(text.replacing(#""2":"star""#, with: #""2":"star","3":"cross""#).utf8).write(to: index)
    let result = try BuiltCommand.txt2img.run(
      flags("disc", place) + ["--output", folder.results.appendingPathComponent("a.png").path], in: folder.url)
    #expect(result.status == 1 && result.complaints.count == 1, "\(result.errors)")
    #expect(result.errors.contains("id2label names 4 classes, num_embeds_ada_norm are 3"), "\(result.errors)")
  }
}
