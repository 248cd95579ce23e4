import Checkpoints
import Foundation
import Generation
import ModelFiles
import PipelineSupport
import TensorCore
import TestSupport
import Testing

/// Models written in other layouts and precisions, and mixed.
@Suite struct ModelWriterTests {
  @Test(arguments: [DType.f32, .f16, .bf16]) func precision(dtype: DType) throws {
    let scratch = try ScratchPipeline("sd1_tiny")
    let files = try PipelineFiles(scratch.model)
    let url = scratch.file("x.safetensors")
    let report = try ModelWriter(files, precision: dtype).write(to: url, as: .single)
    #expect(report.overflowed.isEmpty && report.tensors == 702)
    let written = try PipelineFiles(url)
    for (part, key) in [(ModelPart.unet, "conv_in.weight"), (.vae, "decoder.mid_block.attentions.0.to_q.weight")] {
      let (old, new) = (try files.raw(part, key), try written.raw(part, key))
      #expect(new.type == dtype.elementType && new.shape == old.shape)
      // The fixtures' values have 8 significant bits, which every type holds but for float16's smallest ones.
      expectClose(new.tensor().floats(), old.tensor().floats(), atol: 0x1p-25, "\(key)")
    }
  }

  @Test func valuesThatFloat16CannotHoldAreReported() throws {
    let scratch = try ScratchPipeline("sd1_tiny")
    let url = try scratch.single()
    try scratch.rewrite(url) { $0["model.diffusion_model.out.2.bias"] = RawTensor(Tensor([1e5, 0, 0, 0], shape: [4])) }
    let report = try ModelWriter(try PipelineFiles(url), precision: .f16)
      .write(to: scratch.file("half.safetensors"), as: .single)
    #expect(report.overflowed == ["unet conv_out.bias"])
  }

  @Test func nothingIsReplacedUnasked() throws {
    let scratch = try ScratchPipeline("sd1_tiny")
    let writer = ModelWriter(try PipelineFiles(scratch.model))
    let url = try scratch.single()
    expectError([url.path, "exists already"]) { _ = try writer.write(to: url, as: .single) }
    _ = try writer.write(to: url, as: .single, isReplacing: true)
    expectError([scratch.model.path, "exists already"]) { _ = try writer.write(to: scratch.model, as: .folder) }
  }

  @Test(arguments: PipelineFileLayout.allCases) func aFailureLeavesNothingBehind(layout: PipelineFileLayout) throws {
    struct Stop: Error {}
    let scratch = try ScratchPipeline("sd1_tiny")
    let before = try FileManager.default.contentsOfDirectory(atPath: scratch.folder.path)
    let writer = ModelWriter(try PipelineFiles(scratch.model))
    #expect(throws: Stop.self) {
      _ = try writer.write(to: scratch.file("out"), as: layout) { done, _ in if done == 600 { throw Stop() } }
    }
    #expect(try FileManager.default.contentsOfDirectory(atPath: scratch.folder.path) == before)
  }

  /// Weights that are copied know the same words; of others that is said only with what they were taught.
  @Test(arguments: PipelineFileLayout.allCases) func wordsThatAreKnown(layout: PipelineFileLayout) throws {
    let scratch = try ScratchPipeline("sd1_tiny")
    let list = "cat\nkitten is cat\npuppy is cat\n"
    try Data(list.utf8).write(to: scratch.model.appendingPathComponent("tokenizer/known_words.txt"))
    let files = try PipelineFiles(scratch.model)
    func written(_ name: String, _ writer: ModelWriter) throws -> (words: String?, notes: [String]) {
      let url = scratch.file(layout == .folder ? name : "\(name).safetensors")
      let report = try writer.write(to: url, as: layout)
      let folder = layout == .folder ? url.appendingPathComponent("tokenizer") : scratch.file("\(name).tokenizer")
      #expect(FileManager.default.fileExists(atPath: folder.appendingPathComponent("vocab.json").path))
      let words = folder.appendingPathComponent("known_words.txt")
      return (try? String(contentsOf: words, encoding: .utf8), report.notes.filter { $0.contains("known_words.txt") })
    }
    let copied = try written("copied", ModelWriter(files))
    #expect(copied.words == list && copied.notes.isEmpty)
    let mixed = try written("mixed", ModelWriter(files, provide: files.raw))
    #expect(mixed.words == nil && mixed.notes.count == 1)
    let taught = try written("taught", ModelWriter(files, captions: ["a puppy"], provide: files.raw))
    #expect(taught.words?.hasSuffix("\na link\ncat\npuppy\nkitten is cat\n") == true && taught.notes.isEmpty)
  }

  @Test func weightedSum() throws {
    let scratch = try ScratchPipeline("sd1_tiny")
    let (a, b) = try (PipelineFiles(scratch.model), doubled(scratch))
    let merger = try ModelMerger([a, b], rule: .weightedSum([0.25, 0.75]))
    let base = try a.raw(.unet, "conv_in.weight").tensor().floats()
    // 0.25 · x + 0.75 · 2x, of values with 8 bits, rounded to bfloat16 again.
    expectClose(
      try merger.provide(.unet, "conv_in.weight").tensor().floats(), base.map { 1.75 * $0 }, rtol: 0x1p-8, "sum")
    let vae = try a.raw(.vae, "decoder.conv_in.weight")
    #expect(areEqual(try merger.provide(.vae, "decoder.conv_in.weight"), vae))
    let url = scratch.file("merged.safetensors")
    _ = try ModelWriter(a, precision: .f32, provide: merger.provide).write(to: url, as: .single)
    _ = try PipelineComponents(folder: url)
  }

  /// What a model learned goes to the inpainting model, whose further input channels stay.
  @Test func addedDifference() throws {
    let scratch = try ScratchPipeline("sd1_tiny")
    let wide = try ScratchPipeline("inpaint_tiny_9ch")
    let (target, a, b) = (try PipelineFiles(wide.model), try doubled(scratch), try PipelineFiles(scratch.model))
    let merger = try ModelMerger([target, a, b], rule: .addDifference(0.5))
    let key = "down_blocks.0.resnets.0.conv1.bias"
    let (old, change) = (try target.raw(.unet, key).tensor().floats(), try b.raw(.unet, key).tensor().floats())
    expectClose(
      try merger.provide(.unet, key).tensor().floats(), zip(old, change).map { $0 + 0.5 * $1 }, atol: 1e-3,
      rtol: 0x1p-8,
      key)
    let before = try target.raw(.unet, "conv_in.weight").tensor().slice(axis: 1, from: 4, count: 5).floats()
    let after = try merger.provide(.unet, "conv_in.weight").tensor().slice(axis: 1, from: 4, count: 5).floats()
    #expect(before == after)
  }

  @Test func modelsThatDoNotMatch() throws {
    let (one, two) = (try ScratchPipeline("sd1_tiny"), try ScratchPipeline("sd2_tiny_v"))
    let files = [try PipelineFiles(one.model), try PipelineFiles(two.model)]
    expectError([two.model.path, "only models of one architecture"]) {
      _ = try ModelMerger(files, rule: .weightedSum([0.5, 0.5]))
    }
    expectError(["`weights`", "2 models need as many weights"]) {
      _ = try ModelMerger(files, rule: .weightedSum([1]))
    }
    expectError(["takes three models"]) { _ = try ModelMerger(files, rule: .addDifference(1)) }
  }

  /// The seam adapters come in by: sources may be exchanged before the networks are built.
  @Test func partsCanBeAdapted() throws {
    let scratch = try ScratchPipeline("sd1_tiny")
    var seen: Set<ModelPart> = []
    _ = try PipelineComponents(folder: scratch.model) { sources in
      seen = Set(sources.keys)
      return sources
    }
    #expect(seen == [.textEncoder, .unet, .vae])
  }

  /// The small model with all weights of its U-Net doubled.
  private func doubled(_ scratch: ScratchPipeline) throws -> PipelineFiles {
    let url = try scratch.single("doubled.safetensors")
    try scratch.rewrite(url) { tensors in
      for (key, tensor) in tensors where key.hasPrefix("model.diffusion_model.") {
        tensors[key] = RawTensor((tensor.tensor().cast(to: .f32) * 2).cast(to: .bf16))
      }
    }
    return try PipelineFiles(url)
  }
}
