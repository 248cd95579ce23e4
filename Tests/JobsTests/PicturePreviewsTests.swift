import Conditioning
import Foundation
import Images
import Jobs
import TestSupport
import Testing

@Suite struct PicturePreviewsTests {
  private let tiny: TinyPipeline
  private let taesd = fixtureURL("reference/taesd_shape").path

  init() throws { tiny = try TinyPipeline() }

  private func names() throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: tiny.file("out").path).sorted()
  }

  private func lines(_ change: (inout PictureJob) -> Void = { _ in }) -> [JobLine] {
    [
      JobLine(
        .job("a cat") {
          ($0.seed, $0.count, $0.steps, $0.sampler) = (4, 2, 4, "euler")
          change(&$0)
        })
    ]
  }

  @Test func everySecondStep() throws {
    try tiny.run(lines(), output: "out/", batch: 2, previews: PreviewOptions(every: 2))
    #expect(
      try names() == [
        "00001-4-step-002.png", "00001-4-step-004.png", "00001-4.png", "00002-5-step-002.png", "00002-5-step-004.png",
        "00002-5.png",
      ])
    // Euler's last step goes to what the preview shows, decoded by the same autoencoder.
    for stem in ["00001-4", "00002-5"] {
      let last = try ImageFile.load(tiny.file("out/\(stem)-step-004.png"))
      let picture = try ImageFile.load(tiny.file("out/\(stem).png"))
      let worst = zip(last.pixels, picture.pixels).map { abs(Int($0) - Int($1)) }.max() ?? 255
      #expect(worst <= 1, "\(stem): \(worst)")
    }
  }

  /// TAESD's pictures are eight times as wide as the latents, the small model's own twice.
  @Test func taesdDecodes() throws {
    try tiny.run(lines { $0.count = 1 }, output: "out/", previews: PreviewOptions(every: 4, taesd: taesd))
    #expect(try names() == ["00001-4-step-004.png", "00001-4.png"])
    #expect(try ImageFile.load(tiny.file("out/00001-4-step-004.png")).width == 256)
  }

  @Test func tensorsHavePicturesToo() throws {
    try tiny.run(lines { $0.count = 1 }, output: "out/a.safetensors", previews: PreviewOptions(every: 3))
    #expect(try names() == ["a-step-003.png", "a.safetensors"])
  }

  @Test func whatIsNoTAESDIsSaid() throws {
    let model = try tiny.diffusersFolder().appendingPathComponent("vae/diffusion_pytorch_model.safetensors")
    #expect(throws: GenerationError.self) {
      try tiny.run(lines(), output: "out/", previews: PreviewOptions(every: 1, taesd: model.path))
    }
  }
}
