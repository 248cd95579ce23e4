import Checkpoints
import Conditioning
import Diffusion
import Foundation
import Generation
import ModelFiles
import Models
import PipelineSupport
import TensorCore
import TestSupport
import Testing

/// Checkpoints in one file under the original key names.
@Suite struct SingleFileTests {
  static let cases = ["sd1_tiny", "sd2_tiny_v", "sdxl_tiny", "inpaint_tiny_9ch"]

  @Test(arguments: cases) func aFileHoldsTheFoldersWeights(name: String) throws {
    let scratch = try ScratchPipeline(name)
    let folder = try PipelineFiles(scratch.model)
    let single = try PipelineFiles(try scratch.single())
    #expect(single.parts == folder.parts && single.notes.isEmpty)
    for part in folder.parts {
      for key in folder.keys(part) {
        #expect(areEqual(try single.raw(part, key), try folder.raw(part, key)), "\(part) \(key)")
      }
    }
    #expect(single.configurations.unet == folder.configurations.unet)
    #expect(single.configurations.scheduler == folder.configurations.scheduler)
    #expect(single.configurations.textEncoders == folder.configurations.textEncoders)
    // Building checks that nothing is missing, misshapen or left over.
    let components = try PipelineComponents(folder: scratch.file("model.safetensors"))
    #expect(components.name == "model" && components.text.vectorWidths.count == folder.textParts.count)
  }

  @Test(arguments: cases) func thereAndBackIsTheSameBitForBit(name: String) throws {
    let scratch = try ScratchPipeline(name)
    let back = scratch.file("back")
    _ = try ModelWriter(try PipelineFiles(try scratch.single())).write(to: back, as: .folder)
    let manager = FileManager.default
    let paths = try #require(manager.subpaths(atPath: scratch.model.path))
    for path in paths where path.contains("/") && !path.hasPrefix("expected") || path == "model_index.json" {
      var isFolder: ObjCBool = false
      guard manager.fileExists(atPath: scratch.model.appendingPathComponent(path).path, isDirectory: &isFolder),
        !isFolder.boolValue
      else { continue }
      let (old, new) = (scratch.model.appendingPathComponent(path), back.appendingPathComponent(path))
      if path.hasSuffix(".safetensors") {
        let (a, b) = (try TensorFile(old), try TensorFile(new))
        #expect(Set(a.keys) == Set(b.keys), "\(path)")
        for key in a.keys { #expect(areEqual(a.raw(key), b.raw(key)), "\(path) \(key)") }
      } else {
        #expect(try Data(contentsOf: old) == Data(contentsOf: new), "\(path)")
      }
    }
  }

  /// Files of other tools have no configuration in them: all follows from keys, shapes and family.
  @Test func configurationsFromShapes() throws {
    let scratch = try ScratchPipeline("sd1_tiny")
    let url = try scratch.single()
    try scratch.rewrite(url, metadata: ["format": "pt"]) { _ in }
    let (files, folder) = (try PipelineFiles(url), try PipelineFiles(scratch.model))
    var expected = try #require(folder.configurations.unet)
    // What shapes do not show: 64 is SD 1's.
    expected.sampleSize = 64
    expected.transformerLayersPerBlock = .one(1)
    #expect(files.configurations.unet == expected)
    #expect(files.configurations.scheduler.className == "PNDMScheduler")
    #expect(files.configurations.scheduler.predictionType == .epsilon)
    #expect(files.configurations.autoencoder.blockOutChannels == [32, 64])
    #expect(files.configurations.autoencoder.scalingFactor == 0.18215)
    let text = try #require(files.configurations.textEncoders.first)
    #expect(text.layerCount == 3 && text.hiddenSize == 32 && text.activation == .quickGelu)
    #expect(files.kind == .textToImage && files.layout?.family == .sd1)
    #expect(files.tokenizers == [.init(scratch.file("model.tokenizer"), padToken: "<|endoftext|>")])
  }

  @Test func familiesAndKinds() throws {
    let second = try ScratchPipeline("sd2_tiny_v")
    #expect(try PipelineFiles(try second.single()).layout?.family == .sd2)
    let large = try ScratchPipeline("sdxl_tiny")
    let url = try large.single()
    #expect(try PipelineFiles(url).layout?.family == .sdxl)
    try large.rewrite(url, metadata: [:]) { _ in }
    let files = try PipelineFiles(url)
    #expect(files.configurations.zerosForEmptyPrompt)
    #expect(files.configurations.autoencoder.scalingFactor == 0.13025)
    #expect(files.configurations.unet?.transformerLayersPerBlock == .many([1, 2]))
    #expect(files.configurations.unet?.additionTimeEmbedDim == 8)
    #expect(files.configurations.textEncoders[1].hasProjection)
    #expect(files.tokenizers.map(\.padToken) == ["<|endoftext|>", "!"])
    let inpainting = try ScratchPipeline("inpaint_tiny_9ch")
    #expect(try PipelineFiles(try inpainting.single()).kind == .inpainting)
  }

  /// The published SD 1.5 by its keys and shapes alone.
  @Test func configurationOfStableDiffusion15() throws {
    var shapes: [String: [Int]] = [:]
    let map = UNetKeys(layersPerBlock: 2, attention: [true, true, true, false])
    let text = try String(contentsOf: fixtureURL("reference/keys/keys_sd15_unet.tsv"), encoding: .utf8)
    for line in text.split(separator: "\n") {
      let parts = line.split(separator: "\t")
      let key = try #require(map.location(of: String(parts[0]))?.key)
      shapes[key] = parts[1].split { !$0.isNumber }.compactMap { Int($0) }
    }
    let unet = try #require(UNetStructure(ShapeTable(shapes)))
    #expect(unet.channels == [320, 640, 1280, 1280] && unet.layersPerBlock == 2)
    #expect(unet.transformerDepth == [1, 1, 1, 0] && unet.middleDepth == 1)
    #expect(unet.contextWidth == 768 && !unet.usesLinearProjection && unet.additionWidth == nil)
    #expect(unet.inputChannels == 4 && unet.outputChannels == 4)
  }

  @Test func averagedWeightsOnRequest() throws {
    let scratch = try ScratchPipeline("sd1_tiny")
    let url = try scratch.single()
    var options = PipelineFileOptions()
    options.usesAverage = true
    expectError(["has no averaged weights"]) { _ = try PipelineFiles(url, options: options) }
    try scratch.rewrite(url) { tensors in
      let prefix = "model.diffusion_model."
      for (key, tensor) in tensors where key.hasPrefix(prefix) {
        let flat = key.dropFirst(prefix.count).split(separator: ".").joined()
        tensors["model_ema.diffusion_model\(flat)"] = RawTensor(tensor.tensor().cast(to: .f32) * 2)
      }
      tensors["model_ema.decay"] = RawTensor(Tensor([0.999], shape: []))
    }
    let (plain, averaged) = (try PipelineFiles(url), try PipelineFiles(url, options: options))
    let value = try plain.raw(.unet, "conv_out.bias").tensor().floats()
    #expect(try averaged.raw(.unet, "conv_out.bias").tensor().floats() == value.map { 2 * $0 })
    _ = try PipelineComponents(plain)
    _ = try PipelineComponents(averaged)
  }

  // MARK: What the U-Net predicts

  @Test(arguments: ["key", "metadata", "sidecar", "flag", "nothing", "base model"]) func prediction(told: String) throws
  {
    let scratch = try ScratchPipeline("sd2_tiny_v")
    let url = try scratch.single()
    var options = PipelineFileOptions()
    var metadata = ["format": "pt"]
    switch told {
    case "metadata": metadata["modelspec.prediction_type"] = "epsilon"
    case "sidecar":
      try Data("model:\n  target: x\n  params:\n    parameterization: \"v\"\n    linear_start: 0.00085\n".utf8)
        .write(to: scratch.file("model.yaml"))
    case "flag": options.predictionType = .epsilon
    case "base model": metadata["global_step"] = "875000"
    default: break
    }
    if told == "sidecar" { metadata["modelspec.prediction_type"] = "epsilon" }
    try scratch.rewrite(url, metadata: metadata) { tensors in
      if told == "key" {
        tensors["v_pred"] = RawTensor(Tensor([Float](), shape: [0]))
        tensors["ztsnr"] = RawTensor(Tensor([Float](), shape: [0]))
      }
    }
    let files = try PipelineFiles(url, options: options)
    let scheduler = files.configurations.scheduler
    #expect(scheduler.predictionType == (["metadata", "flag", "base model"].contains(told) ? .epsilon : .velocity))
    #expect(scheduler.rescaleBetasZeroSNR == (told == "key"))
    // Only a guess is worth a note.
    #expect(files.notes.isEmpty == (told != "nothing"))
  }

  @Test func sidecarOfAnotherKind() throws {
    let scratch = try ScratchPipeline("sd1_tiny")
    let url = try scratch.single()
    try Data("model:\n  params:\n    parameterization: w\n".utf8).write(to: scratch.file("model.yaml"))
    expectError(["model.yaml", "parameterization \"w\""]) { _ = try PipelineFiles(url) }
    // The recipe that made a model often has its name.
    try Data("kind: fine-tuning\nname: model\nmodel: scenes\nmethod: full\n".utf8)
      .write(to: scratch.file("model.yaml"))
    _ = try PipelineFiles(url)
    try Data("kind: fine-tuning\n".utf8).write(to: scratch.file("model.yaml"))
    expectError(["model.yaml", "is not the configuration of a model"]) { _ = try PipelineFiles(url) }
  }

  // MARK: Strict accounting

  @Test(arguments: [
    ("model.diffusion_model.out.2.bias", "missing model.diffusion_model.out.2.bias"),
    ("first_stage_model.quant_conv.bias", "missing first_stage_model.quant_conv.bias"),
    (
      "cond_stage_model.transformer.text_model.final_layer_norm.bias",
      "missing cond_stage_model.transformer.text_model.final_layer_norm.bias"
    ),
  ])
  func missingTensor(key: String, message: String) throws {
    let scratch = try ScratchPipeline("sd1_tiny")
    let url = try scratch.single()
    try scratch.rewrite(url) { $0[key] = nil }
    expectError([url.path, message]) { _ = try PipelineComponents(folder: url) }
  }

  @Test func misshapenTensor() throws {
    let scratch = try ScratchPipeline("sd1_tiny")
    let url = try scratch.single()
    try scratch.rewrite(url) { $0["model.diffusion_model.out.0.bias"] = RawTensor(.zeros([7])) }
    expectError(["wrong shape model.diffusion_model.out.0.bias [7] instead of [32]"]) {
      _ = try PipelineComponents(folder: url)
    }
  }

  @Test(arguments: [
    ("model.diffusion_model.input_blocks.1.0.extra.weight", "not part of the model"),
    ("something.else", "no part of the model uses: something.else"),
    ("control_model.input_hint_block.0.weight", "holds a ControlNet"),
    ("depth_model.x", "the depth model"),
  ])
  func unusedTensor(key: String, message: String) throws {
    let scratch = try ScratchPipeline("sd1_tiny")
    let url = try scratch.single()
    try scratch.rewrite(url) { $0[key] = RawTensor(.zeros([3])) }
    expectError([url.path, message]) { _ = try PipelineComponents(folder: url) }
  }

  @Test func harmlessTensorsMayBeThere() throws {
    let scratch = try ScratchPipeline("sd1_tiny")
    let url = try scratch.single()
    try scratch.rewrite(url) { tensors in
      for key in [
        "betas", "model_ema.decay", "first_stage_model.loss.logvar",
        "cond_stage_model.transformer.text_model.embeddings.position_ids",
      ] { tensors[key] = RawTensor(.zeros([3])) }
    }
    _ = try PipelineComponents(folder: url)
  }

  @Test func partsThatAreNotThere() throws {
    let scratch = try ScratchPipeline("sd1_tiny")
    let url = try scratch.single()
    try scratch.rewrite(url) { tensors in
      for key in tensors.keys where key.hasPrefix("first_stage_model.") { tensors[key] = nil }
    }
    expectError(["has no autoencoder: give one with --vae"]) { _ = try PipelineFiles(url) }
    try scratch.rewrite(url) { tensors in
      for key in tensors.keys where key.hasPrefix("cond_stage_model.") { tensors[key] = nil }
    }
    // Without its encoder the width of the small model's texts belongs to no family.
    expectError(["U-Net for texts of width 32"]) { _ = try PipelineFiles(url) }
  }

  @Test func noTokenizer() throws {
    let scratch = try ScratchPipeline("sd1_tiny")
    let url = try scratch.single()
    try FileManager.default.removeItem(at: scratch.file("model.tokenizer"))
    var options = PipelineFileOptions()
    options.sharedTokenizer = scratch.file("nowhere")
    expectError([url.path, "vocab.json and merges.txt", "--tokenizer"]) {
      _ = try PipelineComponents(folder: url, options: options)
    }
    options.sharedTokenizer = fixtureURL("clip_tokenizer")
    _ = try PipelineComponents(folder: url, options: options)
    options.sharedTokenizer = scratch.file("nowhere")
    options.tokenizer = fixtureURL("clip_tokenizer")
    _ = try PipelineComponents(folder: url, options: options)
    options.tokenizer = scratch.file("nowhere")
    expectError(["--tokenizer", "nowhere"]) { _ = try PipelineFiles(url, options: options) }
  }

  /// SD 2's files hold the whole of OpenCLIP, of which the last layer and the projection are not used.
  @Test func wholeOpenCLIPIsReadAtItsLastLayerButOne() throws {
    let scratch = try ScratchPipeline("sd2_tiny_v")
    let url = try scratch.single()
    try scratch.rewrite(url, metadata: [:]) { tensors in
      let prefix = "cond_stage_model.model."
      for (key, tensor) in tensors where key.hasPrefix("\(prefix)transformer.resblocks.3.") {
        tensors[key.replacingOccurrences(of: "resblocks.3.", with: "resblocks.4.")] = tensor
      }
      tensors["\(prefix)text_projection"] = RawTensor(.zeros([32, 32]))
      tensors["\(prefix)logit_scale"] = RawTensor(.zeros([]))
    }
    let components = try PipelineComponents(folder: url)
    let encoder = try #require((components.text as? CLIPTextEncoding)?.encoders.first)
    #expect(encoder.model.config.layerCount == 4 && encoder.tokenizer.padID == 0)
  }

  @Test func otherFilesAreNamed() throws {
    let scratch = try ScratchPipeline("sd1_tiny")
    expectError(["no Stable Diffusion checkpoint"]) {
      _ = try PipelineFiles(fixtureURL("reference/samplers/expected.safetensors"))
    }
    try Data("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 4\n".utf8)
      .write(to: scratch.file("lfs.ckpt"))
    expectError(["a git-LFS pointer"]) { _ = try PipelineFiles(scratch.file("lfs.ckpt")) }
  }
}
