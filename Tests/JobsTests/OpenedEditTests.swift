import Diffusion
import Foundation
import Generation
import Images
import Jobs
import TensorCore
import TestSupport
import Testing

/// Pictures from pictures as jobs: made as the library makes them, said in the metadata, made again, resumed.
@Suite struct OpenedEditTests {
  private let tiny: TinyPipeline
  private let picture = fixtureURL("reference/sd1_tiny/i2i_s0.6.image.png").path
  private let mask = fixtureURL("reference/sd1_tiny/inpaint_4ch.mask_image.png").path

  init() throws { tiny = try TinyPipeline() }

  private func job(_ prompt: String = "a red butterfly", _ change: (inout PictureJob) -> Void = { _ in }) -> PictureJob
  {
    .job(prompt) {
      ($0.seed, $0.steps, $0.edit.input) = (5, 4, picture)
      change(&$0)
    }
  }

  @Test func equalsTheLibrary() throws {
    let made = try tiny.run([JobLine(job { $0.edit.strength = 0.6 })], output: "a.safetensors").made
    #expect(made == ["a.safetensors"])
    let canvas = try EditCanvas(ImageFile.load(URL(fileURLWithPath: picture)), multiple: 8, defaultSize: 64)
    let plain = try job().request(tiny.loaded.components, seeds: [5])
    let expected = try ImageToImage(tiny.loaded.components, precision: .f32).generate(
      ImageToImageRequest(plain, canvas: canvas, strength: 0.6))
    let file = try tiny.tensors("a.safetensors", "latents")
    #expect(file == expected.latents.permuted([0, 3, 1, 2]).floats())
  }

  static let changes: [@Sendable (inout PictureJob, String) -> Void] = [
    { job, _ in job.edit.strength = 0.55 },
    { job, mask in (job.edit.mask, job.edit.maskBlur) = (mask, 1.5) },
    { job, mask in (job.edit.mask, job.edit.area, job.edit.padding) = (mask, .masked, 8) },
    { job, mask in (job.edit.mask, job.edit.content, job.edit.pastesBack) = (mask, .fill, false) },
    { job, _ in (job.width, job.edit.resize) = (72, .crop) },
    { job, _ in job.edit.outpaint = Margins(left: 8, top: 0, right: 3, bottom: 0) },
    { job, mask in (job.edit.isEdit, job.edit.mask) = (true, mask) },
    { job, _ in (job.count, job.stream, job.variationStrength) = (2, .torchBatch, 0.25) },
  ]

  @Test(arguments: changes.indices) func makesTheSameFileAgain(index: Int) throws {
    let asked = job { Self.changes[index](&$0, mask) }
    let made = try tiny.run([JobLine(asked)], output: "first.png").made
    let first = tiny.file(try #require(made.last))
    let origin = try PictureOrigin(first, locator: nil, editing: true)
    #expect(origin.notes.isEmpty, "\(origin.notes)")
    try tiny.run([JobLine(PictureJob())], below: origin.job, output: "again.png")
    #expect(try Data(contentsOf: first) == Data(contentsOf: tiny.file("again.png")))
    let text = try #require(try ImageFile.parameters(of: first))
    #expect(GenerationParameters(parsing: text).fields.last?.key == "Version")
  }

  /// Edits that find their mask: the mask is saved, and the source is in the metadata. The small model's predictions hardly
  /// differ between texts, which is all the rule needs.
  @Test func anEditWithoutAMask() throws {
    let found = tiny.file("found.png")
    let asked = job("a dog") {
      ($0.edit.isEdit, $0.edit.source, $0.edit.maskOut) = (true, "a cat", found.path)
    }
    try tiny.run([JobLine(asked)], output: "a.png")
    #expect(try ImageFile.load(found).width == 64)
    let origin = try PictureOrigin(tiny.file("a.png"), locator: nil, editing: true)
    #expect(origin.job.edit.source == "a cat" && origin.job.edit.findsMask && origin.job.sampler == "DDIM")
    try tiny.run([JobLine(PictureJob())], below: origin.job, output: "again.png")
    #expect(try Data(contentsOf: tiny.file("a.png")) == Data(contentsOf: tiny.file("again.png")))
    for change: (inout PictureJob) -> Void in [{ $0.sampler = "euler" }, { ($0.frames, $0.toSeed) = (3, 1) }] {
      var other = asked
      change(&other)
      #expect(throws: JobError.self) { try tiny.run([JobLine(other)], output: "b.png") }
    }
  }

  /// A changed input is another picture, an equal one is not made again.
  @Test func onlyWhatIsMissingIsMade() throws {
    let input = tiny.file("in.png")
    try FileManager.default.copyItem(atPath: picture, toPath: input.path)
    let lines = [
      JobLine(number: 1, job { $0.edit.input = input.path }),
      JobLine(number: 2, job { ($0.edit.input, $0.edit.strength) = (input.path, 0.5) }),
      JobLine(number: 3, job { $0.edit.input = tiny.file("none.png").path }),
      JobLine(number: 4, job { $0.edit.strength = 2 }),
    ]
    let first = try tiny.run(lines, output: "out/", keepsManifest: true)
    #expect(first.made.count == 2 && first.failures.count == 2, "\(first.failures)")
    #expect(try tiny.run(lines, output: "out/", keepsManifest: true).skipped == first.made)
    let other = try ImageFile.load(input).resized(width: 72, height: 64, filter: .lanczos3)
    try ImageFile.save(other, to: input, text: [])
    #expect(try tiny.run(lines, output: "out/", keepsManifest: true).made.count == 2)
  }

  @Test func whatIsMissingIsSaid() throws {
    // Settings of a change without a picture, and a command that needs one.
    #expect(throws: JobError.self) {
      try tiny.run([JobLine(.job("a") { $0.edit.strength = 0.5 })], output: "a.png")
    }
    #expect(throws: JobError.self) { try tiny.run([JobLine(.job("a"))], output: "a.png", needsInput: true) }
    #expect(throws: JobError.self) { try tiny.run([JobLine(job { $0.hiresScale = 2 })], output: "a.png") }
    // A picture that is gone, and one that is not what it was.
    let input = tiny.file("in.png")
    try FileManager.default.copyItem(atPath: picture, toPath: input.path)
    try tiny.run([JobLine(job { $0.edit.input = input.path })], output: "a.png")
    try ImageFile.save(try ImageFile.load(input).resized(width: 64, height: 72, filter: .lanczos3), to: input, text: [])
    #expect(try PictureOrigin(tiny.file("a.png"), locator: nil, editing: true).notes.count == 1)
    try FileManager.default.removeItem(at: input)
    let origin = try PictureOrigin(tiny.file("a.png"), locator: nil, editing: true)
    #expect(origin.notes.count == 1 && origin.job.edit.input == nil && origin.job.edit.strength == 0.8)
    // Words alone do not care, but say so.
    let words = try PictureOrigin(tiny.file("a.png"), locator: nil)
    #expect(words.job.edit.isEmpty && words.notes.count == 1 && words.job.width == 64)
  }
}
