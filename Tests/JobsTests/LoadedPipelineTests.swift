import Conditioning
import Diffusion
import Foundation
import Jobs
import ModelFiles
import Testing

@Suite struct LoadedPipelineTests {
  private func choice(_ change: (inout PictureJob) -> Void) -> ModelChoice {
    ModelChoice(
      .job("a cat") {
        $0.precision = .f32
        change(&$0)
      })
  }

  /// A single file has neither tokenizer nor, here, the type of its predictions with it: the job names both.
  @Test func filesAreReadAsAsked() throws {
    let tiny = try TinyPipeline()
    let model = try tiny.diffusersFolder()
    let single = tiny.file("model.safetensors")
    _ = try ModelWriter(try PipelineFiles(model)).write(to: single, as: .single)
    try FileManager.default.removeItem(at: tiny.file("model.tokenizer"))
    #expect(throws: GenerationError.self) { try LoadedPipeline(choice { $0.model = single.path }) }
    let loaded = try LoadedPipeline(
      choice {
        ($0.model, $0.predictionType) = (single.path, .velocity)
        $0.tokenizer = model.appendingPathComponent("tokenizer").path
      })
    #expect(loaded.components.scheduler.predictionType == .velocity)
    #expect(loaded.components.text.vectorWidths.count == 1)
  }

  /// What decides the weights or how they are used is a model of its own.
  @Test func choicesDiffer() {
    let plain = choice { _ in }
    for change: (inout PictureJob) -> Void in [
      { $0.tokenizer = "x" }, { $0.usesAverage = true }, { $0.predictionType = .sample }, { $0.vae = "x" },
    ] {
      #expect(choice(change) != plain)
    }
    #expect(choice { $0.usesAverage = false } == plain)
  }

  /// Where brackets are text, tags are too.
  @Test func tagsAreTextWithoutEmphasis() {
    #expect(choice { $0.prompt = "a <lora:x:1>" }.tags.count == 1)
    #expect(choice { ($0.prompt, $0.emphasis) = ("a <lora:x:1>", Emphasis.none) }.tags.isEmpty)
  }

  /// A pipeline's YAML may name the tokenizer of its file.
  @Test func pipelinesNameTheirFiles() throws {
    let tiny = try TinyPipeline()
    let model = try tiny.diffusersFolder()
    _ = try ModelWriter(try PipelineFiles(model)).write(to: tiny.file("model.safetensors"), as: .single)
    try FileManager.default.removeItem(at: tiny.file("model.tokenizer"))
    try FileManager.default.createDirectory(at: tiny.file("Pipelines"), withIntermediateDirectories: false)
    try Data("name: small\nmodel: model.safetensors\ntokenizer: sd1_tiny/tokenizer\nprediction: v_prediction\n".utf8)
      .write(to: tiny.file("Pipelines/small.yaml"))
    let locator = ModelLocator(environment: ["IMAGO_HOME": tiny.folder.path])
    let loaded = try LoadedPipeline(choice { $0.model = "small" }, locator: locator)
    #expect(loaded.components.scheduler.predictionType == .velocity && loaded.spec.name == "small")
  }
}
