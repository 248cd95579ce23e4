import Evaluation
import Foundation
import Generation
import Images
import Lessons
import TestSupport
import Testing
import Training

/// Whole runs of the four stages, tiny.
@Suite struct UnCLIPRunTests {
  private let tiny: TinyUnCLIP

  init() throws { tiny = try TinyUnCLIP() }

  @Test func everyStageTellsMeasuresAndDraws() throws {
    try tiny.run(tiny.contrastive(), to: "contrastive")
    let prior = try tiny.run(tiny.prior(), to: "prior")
    #expect(prior.contains { $0.hasPrefix("4 steps of 4 examples, about") })
    #expect(prior.contains { $0.contains("cosine with the true embedding of 64 kept back") && $0.contains("mean") })
    #expect(prior.contains { $0.contains("energy distance") && $0.contains("captions found among 64") })
    let decoder = try tiny.run(tiny.decoder(), to: "decoder")
    #expect(decoder.contains { $0.contains("texts found among 64 by pictures drawn through the prior") })
    let enlarger = try tiny.run(tiny.enlarger(), to: "enlarger")
    #expect(enlarger.contains { $0.contains("8 pictures kept back, enlarged from 8 to 16 pixels") })
    for stage in ["prior", "decoder", "enlarger"] {
      let run = tiny.folder.file(stage)
      #expect(try ImageFile.load(run.appendingPathComponent("samples-4.png")).width > 60, "\(stage)")
      #expect(try LossCurve.draw(run) != nil)
    }
    // The last stage's folder is the whole model; the one before draws small pictures.
    let (whole, small) = (
      try UnCLIPFolder(tiny.folder.file("enlarger/model")).model(dtype: .f32),
      try UnCLIPFolder(tiny.folder.file("decoder/model")).model(dtype: .f32)
    )
    #expect(small.enlarger == nil && whole.decoder.side == 8 && whole.enlarger?.side == 16)
    let settings = DecoderSettings(steps: 2, guidance: 2, enlargerSteps: 2)
    let asked = PriorSettings(steps: 2, guidance: 2, candidates: 1)
    #expect(try whole.pictures(of: ["a cat"], seeds: [1], asked, settings).shape == [1, 16, 16, 3])
    #expect(try small.pictures(of: ["a cat"], seeds: [1], asked, settings).shape == [1, 8, 8, 3])
  }

  @Test(arguments: ["prior", "decoder", "enlarger"]) func aRunGoesOnToTheSameBits(stage: String) throws {
    try tiny.run(tiny.contrastive(), to: "contrastive")
    if stage != "prior" { try tiny.run(tiny.prior(steps: 1), to: "prior") }
    if stage == "enlarger" { try tiny.run(tiny.decoder(steps: 1), to: "decoder") }
    let yaml = stage == "prior" ? tiny.prior() : stage == "decoder" ? tiny.decoder() : tiny.enlarger()
    try tiny.run(yaml, to: "whole")
    // Stopped after three of four steps; what is asked before the first of them does not count.
    let log = tiny.folder.file("parts/log.jsonl")
    func isDone() -> Bool {
      (try? String(contentsOf: log, encoding: .utf8))?.split(separator: "\n").count ?? 0 >= 3
    }
    let notes = try tiny.run(yaml, to: "parts", isDone)
    #expect(notes.last?.hasPrefix("stopped after step 3") == true, "\(notes)")
    try tiny.run(yaml, to: "parts")
    func state(_ run: String) throws -> Data { try Data(contentsOf: tiny.folder.file("\(run)/state.safetensors")) }
    #expect(try state("whole") == state("parts"))
  }

  @Test func anotherContrastiveModelIsAnotherRun() throws {
    try tiny.run(tiny.contrastive(), to: "contrastive")
    try tiny.run(tiny.prior(), to: "prior")
    try FileManager.default.removeItem(at: tiny.folder.file("contrastive"))
    try tiny.run(tiny.contrastive().replacingOccurrences(of: "seed: 2", with: "seed: 3"), to: "contrastive")
    expectError(["contrastive_model was", "Start a new run folder"]) { try tiny.run(tiny.prior(), to: "prior") }
  }

  @Test func aPriorThatTellsNothingFailsItsCheck() throws {
    try tiny.run(tiny.contrastive(), to: "contrastive")
    expectError(["tiny-prior: the check at the end failed: its cosine"]) {
      try tiny.run(tiny.prior(steps: 1, gain: 2), to: "prior")
    }
  }

  // MARK: - What cannot be

  @Test func whatIsNotThereSaysWhatMakesIt() throws {
    expectError(["is not there: imago train unclip-contrastive"]) { try tiny.run(tiny.prior(), to: "prior") }
    expectError(["is not there: imago train unclip-prior"]) { try tiny.run(tiny.decoder(), to: "decoder") }
    try tiny.run(tiny.contrastive(), to: "contrastive")
    try tiny.run(tiny.prior(steps: 1), to: "prior")
    try FileManager.default.moveItem(at: tiny.folder.file("prior"), to: tiny.folder.file("decoder"))
    expectError(["is not there: imago train unclip-decoder"]) { try tiny.run(tiny.enlarger(), to: "enlarger") }
  }

  @Test func partsThatDoNotGoTogether() throws {
    try tiny.run(tiny.contrastive(), to: "contrastive")
    try tiny.run(tiny.prior(steps: 1), to: "prior")
    try tiny.run(tiny.decoder(steps: 1), to: "decoder")
    let (model, tokens) = (
      tiny.folder.file("decoder/model"), tiny.folder.file("decoder/model/decoder_tokens/config.json")
    )
    let text = try String(contentsOf: tokens, encoding: .utf8)
    try Data(text.replacingOccurrences(of: "\"embedding_dim\" : 8", with: "\"embedding_dim\" : 9").utf8).write(
      to: tokens)
    expectError(["decoder_tokens", "does not go with the contrastive model"]) {
      _ = try UnCLIPFolder(model).model(dtype: .f32)
    }
  }

  @Test func aContrastiveModelThatDoesNotServe() throws {
    try tiny.run(tiny.contrastive(hidden: 16), to: "contrastive")
    expectError(["text states of 16 numbers and embeddings of 8"]) { try tiny.run(tiny.prior(), to: "prior") }
    let noisy = "scheduler: {_class_name: DDPMScheduler, num_train_timesteps: 10}"
    try FileManager.default.removeItem(at: tiny.folder.file("contrastive"))
    try tiny.run(tiny.contrastive(scheduler: noisy), to: "contrastive")
    expectError(["sees latents or noise"]) { try tiny.run(tiny.prior(), to: "prior") }
  }

  @Test(arguments: [
    ("candidates: 2", "candidats: 2", "candidates"), ("candidates: 2", "candidates: 2\ntokens: 2", "tokens"),
    ("num_layers: 1", "num_layers: 1, layers: 2", "layers"),
    ("type: sample", "type: epsilon", "prediction_type must be"),
    ("text_dropout: 0.1", "text_dropout: 0", "text_dropout must be above 0"),
    ("validation: 64", "validation: 3", "validation"),
    ("sample_steps: 2", "sample_steps: 99", "sample_steps must be 1 to 50"),
    ("precision: f32", "precision: int8", "precision"),
  ])
  func settingsOfAPrior(old: String, new: String, reason: String) throws {
    expectError([reason, "prior.yaml"]) {
      try tiny.run(tiny.prior().replacingOccurrences(of: old, with: new), to: "prior")
    }
  }

  @Test(arguments: [
    ("tokens: 2", "token: 2", "tokens"), ("tokens: 2", "tokens: 2\nsmall: 4", "small is not a setting"),
    ("in_channels: 3", "in_channels: 4", "unet.in_channels"), ("held_back: 8", "held_back: 4", "held_back must be 8"),
    ("validation: 8", "validation: 9", "validation must be 8 to held_back 8"),
    ("embedding_dropout: 0.2", "embedding_dropout: 0", "embedding_dropout must be above 0"),
  ])
  func settingsOfADecoder(old: String, new: String, reason: String) throws {
    expectError([reason, "decoder.yaml"]) {
      try tiny.run(tiny.decoder().replacingOccurrences(of: old, with: new), to: "decoder")
    }
  }

  @Test(arguments: [
    ("in_channels: 6", "in_channels: 3", "unet.in_channels must be 6"), ("small: 8", "small: 16", "small must be"),
    ("window: 8", "window: 4", "window must be 8 to"),
    ("sample_level: 1", "sample_level: 4", "sample_level must be 0 to 3"),
    ("small: 8", "small: 8\ntokens: 2", "tokens is not a setting"),
    ("add_attention: false", "add_attention: false, num_class_embeds: 7", "unet.num_class_embeds must be 4"),
  ])
  func settingsOfAnEnlarger(old: String, new: String, reason: String) throws {
    expectError([reason, "enlarger.yaml"]) {
      try tiny.run(tiny.enlarger().replacingOccurrences(of: old, with: new), to: "enlarger")
    }
  }

  @Test func smallPicturesAreTheDecoders() throws {
    try tiny.run(tiny.contrastive(), to: "contrastive")
    try tiny.run(tiny.prior(steps: 1), to: "prior")
    try tiny.run(tiny.decoder(steps: 1), to: "decoder")
    let yaml = tiny.enlarger().replacingOccurrences(of: "small: 8\n", with: "small: 4\n")
    expectError(["small is 4, the decoder's pictures have 8"]) { try tiny.run(yaml, to: "enlarger") }
  }
}
