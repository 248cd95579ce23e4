import Checkpoints
import Conditioning
import Foundation
import Generation
import ModelFiles
import PipelineSupport
import TensorCore
import TestSupport
import Testing

/// Tensors that checkpoints of other people carry besides the model's.
@Suite struct SurplusTensorTests {
  private static let one = RawTensor(Tensor([1] as [Float], shape: [1]))

  /// Keys that are left out, and what the note says of them; nil for those that are in every checkpoint.
  @Test(
    arguments: [
      ("sd1_tiny", "cond_stage_model.transformer.vision_model.encoder.layers.0.mlp.fc1.weight", "picture encoder"),
      ("sd1_tiny", "cond_stage_model.transformer.vision_model.embeddings.position_ids", "picture encoder"),
      ("sd1_tiny", "cond_stage_model.transformer.visual_projection.weight", "picture encoder"),
      ("sd1_tiny", "cond_stage_model.transformer.text_projection.weight", "text projection"),
      ("sd1_tiny", "cond_stage_model.text_projection", "text projection"),
      ("sd1_tiny", "first_stage_model.model_ema.decoderconv_inweight", "averages of the autoencoder's weights"),
      ("sd1_tiny", "model_ema.diffusion_modelout2bias", "averages of the U-Net's weights, which --ema takes"),
      ("sd1_tiny", "first_stage_model.loss.discriminator.main.0.weight", "a loss network"),
      ("sd1_tiny", "embedding_manager.string_to_param_dict.*", "words being learned"),
      ("sd1_tiny", "safety_checker.concept_embeds", "a safety checker"),
      ("sd1_tiny", "safety_checker.vision_model.vision_model.post_layernorm.bias", "a safety checker"),
      ("sd2_tiny_v", "cond_stage_model.model.visual.conv1.weight", "picture encoder"),
      ("sdxl_tiny", "conditioner.embedders.0.text_projection", "text projection"),
      ("sdxl_tiny", "conditioner.embedders.0.transformer.vision_model.post_layernorm.bias", "picture encoder"),
      ("sdxl_tiny", "conditioner.embedders.1.model.visual.proj", "picture encoder"),
      ("sd1_tiny", "cond_stage_model.logit_scale", nil), ("sd1_tiny", "alphas_cumprod", nil),
      ("sdxl_tiny", "denoiser.sigmas", nil), ("sdxl_tiny", "conditioner.embedders.0.logit_scale", nil),
      ("sd1_tiny", "cond_stage_model.transformer.text_model.embeddings.position_ids", nil),
      ("sd2_tiny_v", "cond_stage_model.model.attn_mask", nil), ("sd1_tiny", "global_step", nil),
    ] as [(String, String, String?)])
  func harmless(_ model: String, _ key: String, _ note: String?) throws {
    let scratch = try ScratchPipeline(model)
    let url = try scratch.single()
    try scratch.rewrite(url) { $0[key] = Self.one }
    let files = try PipelineFiles(url)
    // Building finds nothing left over.
    _ = try PipelineComponents(files)
    let notes = files.notes.filter { $0.contains("left out") }
    #expect(notes.count == (note == nil ? 0 : 1), "\(files.notes)")
    if let note { #expect(notes.first?.contains(note) == true && notes.first?.contains(key) == true, "\(notes)") }
    let found = try ModelInspection(url, scansValues: false)
    #expect(found.problems.isEmpty && (note == nil || found.notes.contains { $0.contains(note ?? "") }))
  }

  /// All of them come in one note.
  @Test func oneNote() throws {
    let scratch = try ScratchPipeline("sd1_tiny")
    let url = try scratch.single()
    try scratch.rewrite(url) { tensors in
      for index in 0..<5 { tensors["cond_stage_model.transformer.vision_model.layer\(index)"] = Self.one }
      tensors["first_stage_model.model_ema.decay"] = Self.one
    }
    let notes = try PipelineFiles(url).notes
    #expect(
      notes == [
        "left out, since no picture needs it: averages of the autoencoder's weights (first_stage_model.model_ema.decay); "
          + "CLIP's picture encoder (5 tensors, such as cond_stage_model.transformer.vision_model.layer0)"
      ])
  }

  @Test(arguments: [
    "cond_stage_model.transformer.video_model.x", "first_stage_model.extra.weight", "control_model.x", "lora.up.weight",
    "model.diffusion_model.spare", "conditioner.embedders.2.x",
  ])
  func unknownOnesAreRefused(_ key: String) throws {
    let scratch = try ScratchPipeline("sd1_tiny")
    let url = try scratch.single()
    try scratch.rewrite(url) { $0[key] = Self.one }
    let error = #expect(throws: (any Error).self) { _ = try PipelineComponents(folder: url) }
    #expect(error.map { "\($0)".contains(key.hasPrefix("control") ? "ControlNet" : key) } == true, "\(error as Any)")
  }

  /// A folder whose text encoder is a whole CLIP.
  @Test func wholeCLIPInAFolder() throws {
    let scratch = try ScratchPipeline("sd1_tiny")
    let url = scratch.model.appendingPathComponent("text_encoder/model.safetensors")
    try scratch.rewrite(url) { tensors in
      for key in ["vision_model.x", "visual_projection.weight", "logit_scale", "text_projection.weight"] {
        tensors[key] = Self.one
      }
    }
    let files = try PipelineFiles(scratch.model)
    _ = try PipelineComponents(files)
    #expect(files.notes.count == 1 && files.notes[0].contains("picture encoder"))
  }

  // MARK: - Whole numbers in place of weights

  @Test(arguments: ["I32", "I64", "U8", "I8", "BOOL"]) func wholeNumbers(_ type: String) throws {
    let scratch = try ScratchPipeline("sd1_tiny")
    let unet = scratch.model.appendingPathComponent("unet/diffusion_pytorch_model.safetensors")
    try scratch.retype(unet, "conv_in.bias", type)
    let single = scratch.file("single.safetensors")
    for (url, key) in [(scratch.model, "conv_in.bias"), (single, "model.diffusion_model.input_blocks.0.0.bias")] {
      if url == single {
        let other = try ScratchPipeline("sd1_tiny")
        try FileManager.default.copyItem(at: try other.single(), to: single)
        try scratch.retype(single, key, type)
      }
      let error = #expect(throws: (any Error).self) { _ = try PipelineFiles(url) }
      #expect(
        error.map { "\($0)".contains("tensor \(key): holds \(type), whole numbers") } == true, "\(error as Any)")
      #expect(try ModelInspection(url).problems.isEmpty == false)
    }
  }

  @Test func embeddingsOfWholeNumbers() throws {
    let scratch = try ScratchPipeline("sd1_tiny")
    let url = scratch.file("word.safetensors")
    try TensorFile.write([("emb_params", Tensor([Int32](repeating: 1, count: 64), shape: [2, 32]))], to: url)
    let error = #expect(throws: (any Error).self) { _ = try TextualInversion(url, widths: [32]) }
    #expect(error.map { "\($0)".contains("emb_params: holds I32, whole numbers") } == true)
  }

  /// Embeddings of the first trainers: a dictionary of parameters beside the words' ids.
  @Test(arguments: ["embedding_zip", "embedding_legacy", "embedding_111", "embedding_111_legacy"])
  func firstTrainers(_ name: String) throws {
    let found = try TextualInversion(fixtureURL("pickles/\(name).pt"), widths: [32])
    #expect(found.name == name && found.token == nil)
    #expect(found.vectors[0].floats() == (0..<64).map { Float($0) / 2 })
  }

  // MARK: - Half an autoencoder

  @Test func halfAnAutoencoder() throws {
    let scratch = try ScratchPipeline("sd1_tiny")
    let vae = scratch.model.appendingPathComponent("vae/diffusion_pytorch_model.safetensors")
    var options = PipelineFileOptions()
    for (half, other) in [("decoder", "encoder"), ("encoder", "decoder")] {
      options.vae = scratch.file("\(half).safetensors")
      try FileManager.default.copyItem(at: vae, to: scratch.file("\(half).safetensors"))
      try scratch.rewrite(scratch.file("\(half).safetensors")) { tensors in
        for key in tensors.keys where key.hasPrefix(other) { tensors[key] = nil }
      }
      let error = #expect(throws: (any Error).self) { _ = try PipelineFiles(scratch.model, options: options) }
      let text = "holds the \(half) of an autoencoder without its \(other)"
      #expect(error.map { "\($0)".contains(text) } == true, "\(error as Any)")
    }
    let single = try scratch.single()
    try scratch.rewrite(single) { tensors in
      for key in tensors.keys where key.hasPrefix("first_stage_model.encoder.") { tensors[key] = nil }
    }
    let error = #expect(throws: (any Error).self) { _ = try PipelineFiles(single) }
    #expect(error.map { "\($0)".contains("holds the decoder of an autoencoder without its encoder") } == true)
    // Another autoencoder makes up for it.
    options.vae = vae
    _ = try PipelineComponents(try PipelineFiles(single, options: options))
  }
}
