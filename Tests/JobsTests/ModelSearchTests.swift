import Checkpoints
import Foundation
import Images
import Jobs
import ModelFiles
import TensorCore
import TestSupport
import Testing

/// Files that metadata names without their folders.
@Suite struct ModelSearchTests {
  private let tiny: TinyPipeline
  private let locator: ModelLocator

  init() throws {
    tiny = try TinyPipeline()
    // A home without models of its own.
    locator = ModelLocator(environment: ["IMAGO_HOME": tiny.file("home").path])
    for folder in ["home/Weights", "home/Pipelines", "pictures/models", "pictures/loras"] {
      try FileManager.default.createDirectory(at: tiny.file(folder), withIntermediateDirectories: true)
    }
  }

  private func model(_ name: String, _ value: Float) throws -> String {
    let url = tiny.file(name)
    try TensorFile.write([("w", Tensor([value], shape: [1]))], to: url)
    return try #require(ModelHash.short(url, cache: nil))
  }

  private func origin(_ fields: String) throws -> PictureOrigin {
    let text = "a\nSteps: 2, Sampler: Euler, Seed: 1, \(fields), Version: imago"
    return try PictureOrigin(
      GenerationParameters(parsing: text), path: tiny.file("pictures/p.png").path, locator: locator, editing: true)
  }

  @Test func modelsByNameAndHash() throws {
    let first = try model("home/Weights/first.safetensors", 1)
    let renamed = try model("pictures/models/renamed.safetensors", 2)
    let path = { (name: String) in tiny.file(name).standardizedFileURL.path }
    #expect(try origin("Model hash: \(first), Model: first").job.model == path("home/Weights/first.safetensors"))
    #expect(try origin("Model: first").job.model == path("home/Weights/first.safetensors"))
    // The name is another's now: the hash decides.
    #expect(try origin("Model hash: \(renamed), Model: first").job.model == path("pictures/models/renamed.safetensors"))
    #expect(try origin("Model hash: \(renamed), Model: gone").job.model == path("pictures/models/renamed.safetensors"))
    #expect(try origin("Model hash: \(renamed)").job.model == path("pictures/models/renamed.safetensors"))
    #expect(
      try origin(#"Hashes: "{\"model\": \"\#(renamed)\"}""#).job.model == path("pictures/models/renamed.safetensors"))
    // A name alone is better than nothing, and the run will say that it is another model.
    #expect(try origin("Model hash: 0123456789, Model: first").job.model == path("home/Weights/first.safetensors"))
    #expect(try origin("Model hash: 0123456789, Model: gone").job.model == nil)
    #expect(try origin("Model: ../first").job.model == nil)
  }

  @Test func theFirstHashOfAUTOMATIC1111() throws {
    let url = tiny.file("home/Weights/old.safetensors")
    try Data((0..<0x120000).map { UInt8(truncatingIfNeeded: $0 &* 7 &+ $0 / 251) }).write(to: url)
    // sha256 of the 64 KiB from 1 MiB on, by Python's hashlib.
    #expect(ModelHash.matches(url, "0b256315", cache: nil) && !ModelHash.matches(url, "01234567", cache: nil))
  }

  @Test func otherFiles() throws {
    let hash = try model("pictures/loras/new-name.safetensors", 3)
    let found = try origin(
      "Adapters: \"/home/me/old.safetensors:0.5, gone.pt\", Adapter hashes: \"\(hash), 0123456789\"")
    let path = tiny.file("pictures/loras/new-name.safetensors").standardizedFileURL.path
    #expect(found.job.loras == ["\(path):0.5"])
    #expect(found.notes.count == 1 && found.notes[0].contains("gone.pt") && found.notes[0].contains("`lora`"))
    _ = try model("pictures/vae.safetensors", 4)
    let other = try origin("VAE: vae.safetensors, VAE hash: 0123456789")
    #expect(other.job.vae?.hasSuffix("pictures/vae.safetensors") == true && other.notes.count == 1)
    let picture = fixtureURL("reference/sd1_tiny/i2i_s0.6.image.png")
    try FileManager.default.copyItem(at: picture, to: tiny.file("pictures/moved.png"))
    let input = try #require(ModelHash.short(picture, cache: nil))
    let edit = try origin("Init image: photo.png, Init image SHA-256: \(input), Mask: alpha, Background: #ff8800")
    #expect(edit.job.edit.input?.hasSuffix("moved.png") == true && edit.notes.isEmpty, "\(edit.notes)")
    #expect(edit.job.edit.mask == "alpha" && edit.job.edit.background == Colour("#ff8800"))
  }

  /// No folder of whoever made a picture is in it.
  @Test func noAbsolutePathIsStored() throws {
    let input = tiny.file("in.png")
    let picture = fixtureURL("reference/sd1_tiny/i2i_s0.6.image.png")
    try FileManager.default.copyItem(at: picture, to: input)
    let mask = tiny.file("mask.png")
    try FileManager.default.copyItem(at: fixtureURL("reference/sd1_tiny/inpaint_4ch.mask_image.png"), to: mask)
    let lora = tiny.file("a, b.safetensors")
    try TensorFile.write([("w", Tensor([Float(1)], shape: [1]))], to: lora)
    let job = PictureJob.job("a cat") {
      ($0.seed, $0.edit.input, $0.edit.mask) = (1, input.path, mask.path)
      ($0.vae, $0.tokenizer) = (lora.path, fixtureURL("clip_tokenizer").path)
      ($0.loras, $0.embeddings) = (["\(lora.path):0.5:0.25"], [lora.path])
    }
    try tiny.run([JobLine(number: 1, job)], output: "out/", keepsManifest: true)
    let made = tiny.file("out/00001-1.png")
    let text = try #require(try ImageFile.parameters(of: made))
    #expect(!text.contains(tiny.folder.path) && !text.contains(": /") && !text.contains("\"/"), "\(text)")
    let manifest = try String(contentsOf: tiny.file("out/manifest.jsonl"), encoding: .utf8)
    #expect(!manifest.contains(tiny.folder.path))
    // Beside the picture they are found again.
    for file in [input, mask, lora] {
      try FileManager.default.moveItem(at: file, to: tiny.file("out/\(file.lastPathComponent)"))
    }
    let origin = try PictureOrigin(made, locator: nil, editing: true)
    #expect(origin.notes.isEmpty, "\(origin.notes)")
    #expect(origin.job.edit.input?.hasSuffix("out/in.png") == true)
    #expect(
      origin.job.loras?.first?.hasSuffix("out/a, b.safetensors:0.5:0.25") == true,
      "\(String(describing: origin.job.loras))")
  }
}
