import Adapters
import Checkpoints
import Foundation
import Jobs
import ModelFiles
import TensorCore
import TestSupport
import Testing

/// Adapters folded into files give what adapters beside the files give.
@Suite struct AdaptedWeightsTests {
  private let tiny: TinyPipeline
  private let model: URL
  private let adapter = fixtureURL("reference/lora_tiny/r8_a2_attn_ff.kohya.safetensors").path

  init() throws {
    tiny = try TinyPipeline()
    model = try tiny.diffusersFolder()
  }

  private func picture(_ model: URL, loras: [String] = []) throws -> [Float] {
    let job = PictureJob.job("a cat on the moon") {
      ($0.model, $0.loras, $0.precision, $0.seed) = (model.path, loras, .f32, 3)
      ($0.width, $0.height, $0.steps) = (64, 64, 2)
    }
    let loaded = try LoadedPipeline(ModelChoice(job))
    return try loaded.pipeline.generate(try job.request(loaded.components, seeds: [3])).pixels.floats()
  }

  private func write(_ name: String, as layout: PipelineFileLayout, precision: DType? = nil) throws -> URL {
    let files = try PipelineFiles(model)
    let adapted = try AdaptedWeights(["\(adapter):0.7"], of: files)
    #expect(adapted.notes.count == 1)
    let report = try ModelWriter(files, precision: precision, provide: adapted.provide)
      .write(to: tiny.file(name), as: layout)
    #expect(report.overflowed.isEmpty)
    return tiny.file(name)
  }

  @Test(arguments: PipelineFileLayout.allCases) func equalsTheAdapterBesideTheModel(layout: PipelineFileLayout) throws {
    let merged = try write(layout == .single ? "m.safetensors" : "m", as: layout, precision: .f32)
    let beside = try picture(model, loras: ["\(adapter):0.7"])
    // Both add in float32 and keep float32, in the same order: not a bit differs.
    #expect(try picture(merged) == beside)
    #expect(try picture(model) != beside)
  }

  @Test(arguments: [DType.f16, .bf16]) func halfPrecision(dtype: DType) throws {
    let files = try PipelineFiles(try write("half", as: .folder, precision: dtype))
    let exact = try AdaptedWeights(["\(adapter):0.7"], of: try PipelineFiles(model))
    var changed = 0
    for key in files.keys(.unet) where key.contains("to_q") {
      let stored = try files.raw(.unet, key)
      #expect(stored.tensor().dtype == dtype)
      // Rounded once, from float32.
      let wanted = try exact.provide(.unet, key).converted(to: dtype)
      #expect(stored.tensor().cast(to: .f32).floats() == wanted.tensor().cast(to: .f32).floats(), "\(key)")
      changed += 1
    }
    #expect(changed > 0)
  }

  @Test func whatNoAdapterChangesIsCopied() throws {
    let files = try PipelineFiles(model)
    let adapted = try AdaptedWeights([adapter], of: files)
    #expect(
      try adapted.provide(.vae, "decoder.conv_in.weight").tensor().floats()
        == files.raw(.vae, "decoder.conv_in.weight").tensor().floats())
  }

  @Test func anotherModelsAdapterIsAnError() throws {
    let other = tiny.file("other.safetensors")
    try TensorFile.write(
      [
        ("lora_unet_nowhere.lora_down.weight", Tensor(repeating: 1, shape: [2, 4])),
        ("lora_unet_nowhere.lora_up.weight", Tensor(repeating: 1, shape: [4, 2])),
      ], to: other)
    let files = try PipelineFiles(model)
    #expect(throws: AdapterError.self) { try AdaptedWeights([other.path], of: files) }
  }
}
