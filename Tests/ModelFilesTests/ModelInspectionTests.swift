import Checkpoints
import Conditioning
import Foundation
import Images
import ModelFiles
import PipelineSupport
import TensorCore
import TestSupport
import Testing

/// What files are said to be.
@Suite struct ModelInspectionTests {
  @Test(arguments: [true, false]) func aModel(isFolder: Bool) throws {
    let scratch = try ScratchPipeline("sdxl_tiny")
    let url = isFolder ? scratch.model : try scratch.single()
    let found = try ModelInspection(url)
    #expect(found.kind == "checkpoint" && found.family == "SDXL" && found.variant == "text to image")
    #expect(found.prediction == "epsilon" && found.problems.isEmpty)
    #expect(found.format == (isFolder ? "folder" : "safetensors"))
    #expect(found.parts.map(\.name) == ["text_encoder", "text_encoder_2", "unet", "vae"])
    let unet = try TensorFile(scratch.model.appendingPathComponent("unet/diffusion_pytorch_model.safetensors"))
    let count = unet.keys.reduce(0) { $0 + (unet.entry($1)?.count ?? 0) }
    #expect(found.parts[2].parameters == count && found.parts[2].types == ["BF16": count])
    #expect(found.parameters > count)
  }

  @Test func otherKinds() throws {
    let inpainting = try ScratchPipeline("inpaint_tiny_9ch")
    let found = try ModelInspection(inpainting.model, scansValues: false)
    #expect(found.variant == "inpainting" && found.family == "SD 1.x")
    let vae = inpainting.model.appendingPathComponent("vae/diffusion_pytorch_model.safetensors")
    #expect(try ModelInspection(vae).kind == "autoencoder")
    let tiny = fixtureURL("reference/taesd_shape/diffusion_pytorch_model.safetensors")
    #expect(try ModelInspection(tiny).kind == "tiny autoencoder")
    let adapter = try ModelInspection(fixtureURL("reference/lora_tiny/r8_a2_attn_ff.kohya.safetensors"))
    #expect(adapter.kind == "adapter" && adapter.adapter?.ranks == [8] && adapter.adapter?.alphas == [2])
    #expect(adapter.metadata["ss_network_dim"] == "8")
    let other = try ModelInspection(fixtureURL("reference/samplers/expected.safetensors"), scansValues: false)
    #expect(other.kind == "weights" && !other.notes.isEmpty)
  }

  @Test func pictures() throws {
    let scratch = try ScratchPipeline("sd1_tiny")
    let url = scratch.file("cat.png")
    let image = try ImageFile.load(fixtureURL("images/rgb.png"))
    let text = "a cat\nNegative prompt: blurry\nSteps: 20, Sampler: Euler, CFG scale: 7, Seed: 5"
    try ImageFile.save(image, to: url, text: [(ImageFile.parametersKey, text)])
    let found = try ModelInspection(url)
    #expect(found.kind == "picture" && found.format == "PNG")
    let picture = try #require(found.picture)
    #expect(picture.width == image.width && picture.prompt == "a cat" && picture.negativePrompt == "blurry")
    #expect(picture.settings["Seed"] == "5")
  }

  @Test func valuesThatAreNoNumbers() throws {
    let scratch = try ScratchPipeline("sd1_tiny")
    let url = try scratch.single()
    try scratch.rewrite(url) { tensors in
      tensors["model.diffusion_model.out.2.bias"] = RawTensor(Tensor([.nan, 1, .infinity, 0], shape: [4]))
      tensors["model.diffusion_model.out.2.weight"] = RawTensor(.zeros([4, 32, 3, 3]))
    }
    let found = try ModelInspection(url)
    #expect(found.problems.count == 1)
    #expect(found.problems[0].contains("model.diffusion_model.out.2.bias (1 NaN, 1 infinite)"))
    #expect(found.notes.contains { $0.contains("all zero") && $0.contains("out.2.weight") })
    #expect(try ModelInspection(url, scansValues: false).problems.isEmpty)
  }

  @Test func truncatedRenamedAndHostileFiles() throws {
    let scratch = try ScratchPipeline("sd1_tiny")
    let url = try scratch.single()
    let data = try Data(contentsOf: url)
    func problems(_ data: Data, _ name: String) throws -> [String] {
      try data.write(to: scratch.file(name))
      return try ModelInspection(scratch.file(name)).problems
    }
    #expect(try problems(data.dropLast(10), "cut.safetensors").first?.contains("truncated download, 10 bytes") == true)
    let pointer = Data("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 4\n".utf8)
    #expect(try problems(pointer, "x.safetensors").first?.contains("git-LFS pointer") == true)
    // Protocol 2: c os system, a text in a tuple, REDUCE.
    let hostile = Data([0x80, 2]) + Data("cos\nsystem\nX".utf8) + Data([1, 0, 0, 0, 0x78, 0x85]) + Data("R.".utf8)
    #expect(try problems(hostile, "x.ckpt").first?.contains("asks for os.system") == true)
    // A file under another format's ending is only worth a note, unless it is a pickle.
    #expect(try problems(data, "model.ckpt").isEmpty)
    #expect(throws: GenerationError.self) { try ModelInspection(scratch.file("nowhere")) }
  }

  @Test func theReportIsOneObject() throws {
    let scratch = try ScratchPipeline("sd1_tiny")
    let found = try ModelInspection(scratch.model, scansValues: false)
    let data = try JSONEncoder().encode(found)
    #expect(try JSONDecoder().decode(ModelInspection.self, from: data) == found)
  }
}
