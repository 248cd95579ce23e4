import Checkpoints
import Foundation
import Generation
import ModelFiles
import PipelineSupport
import TestSupport
import Testing

/// Folders whose weights come in several forms.
@Suite struct VariantTests {
  private let scratch: ScratchPipeline

  init() throws { scratch = try ScratchPipeline("sd1_tiny") }

  /// Gives a part's weights another name, or a copy of them.
  private func rename(_ part: String, _ name: String, copying: Bool = false) throws {
    let base = part == "text_encoder" ? "model" : "diffusion_pytorch_model"
    let folder = scratch.model.appendingPathComponent(part)
    let (old, new) = (folder.appendingPathComponent("\(base).safetensors"), folder.appendingPathComponent(name))
    if copying {
      try FileManager.default.copyItem(at: old, to: new)
    } else {
      try FileManager.default.moveItem(at: old, to: new)
    }
  }

  private func open(_ variant: String? = nil) throws -> PipelineFiles {
    var options = PipelineFileOptions()
    options.variant = variant
    return try PipelineFiles(scratch.model, options: options)
  }

  private func problem(_ variant: String? = nil) -> String {
    do {
      _ = try open(variant)
      return "none"
    } catch {
      return "\(error)"
    }
  }

  @Test(arguments: ["bf16", "fp16", "int8", "my.own"]) func theOnlyVariant(_ variant: String) throws {
    for part in ["unet", "vae"] { try rename(part, "diffusion_pytorch_model.\(variant).safetensors") }
    try rename("text_encoder", "model.\(variant).safetensors")
    for asked in [nil, variant] { _ = try PipelineComponents(try open(asked)) }
    #expect(problem("fp8").contains("has no variant fp8, only \(variant)"))
  }

  @Test func severalVariants() throws {
    try rename("unet", "diffusion_pytorch_model.bf16.safetensors", copying: true)
    try rename("unet", "diffusion_pytorch_model.fp16.safetensors")
    let text = "has the variants bf16, fp16 and no plain weights: choose one with `variant`"
    #expect(problem().contains(text) && problem().contains("/unet"))
    // The other parts have only plain weights.
    #expect(try open("bf16").sources[.unet]?.description.hasSuffix("bf16.safetensors") == true)
    #expect(try open("fp16").sources[.vae]?.description.hasSuffix("diffusion_pytorch_model.safetensors") == true)
    #expect(problem("fp8").contains("has no variant fp8, only bf16, fp16"))
    let found = try ModelInspection(scratch.model, variant: "fp16", scansValues: false)
    #expect(found.problems.isEmpty && found.parts.count == 3)
    #expect(
      try ModelInspection(scratch.model, scansValues: false).problems.first?.contains("`variant`") == true)
  }

  /// The trained weights beside their average.
  @Test func plainWeightsComeFirst() throws {
    try rename("unet", "diffusion_pytorch_model.non_ema.safetensors", copying: true)
    #expect(try open().sources[.unet]?.description.hasSuffix("diffusion_pytorch_model.safetensors") == true)
    #expect(try open("non_ema").sources[.unet]?.description.hasSuffix("non_ema.safetensors") == true)
    #expect(problem("ema").contains("has no variant ema of any part (`variant`); there is non_ema"))
  }

  @Test func aSingleFileHasNone() throws {
    var options = PipelineFileOptions()
    options.variant = "fp16"
    let url = try scratch.single()
    let error = #expect(throws: (any Error).self) { _ = try PipelineFiles(url, options: options) }
    #expect(error.map { "\($0)".contains("`variant`") && "\($0)".contains("is one file") } == true)
  }
}
