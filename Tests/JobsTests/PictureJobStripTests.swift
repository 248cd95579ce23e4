import Foundation
import Generation
import Images
import Jobs
import TestSupport
import Testing

@Suite struct PictureJobStripTests {
  private let tiny: TinyPipeline

  init() throws { tiny = try TinyPipeline() }

  private func strip(_ change: (inout PictureJob) -> Void = { _ in }) -> PictureJob {
    .job("a cat") {
      ($0.seed, $0.toSeed, $0.toPrompt, $0.frames) = (4, 9, "a dog", 3)
      change(&$0)
    }
  }

  /// The ends are the prompts and seeds alone, and every picture can be made alone from its metadata, to the byte.
  @Test func endsAndMiddle() throws {
    let made = try tiny.run([JobLine(strip())], output: "s-{index}.png", batch: 2).made
    #expect(made == ["s-00001.png", "s-00002.png", "s-00003.png"])
    try tiny.run([JobLine(.job("a cat") { $0.seed = 4 })], output: "first.png")
    #expect(try Data(contentsOf: tiny.file("first.png")) == Data(contentsOf: tiny.file("s-00001.png")))
    try tiny.run([JobLine(.job("a dog") { $0.seed = 9 })], output: "last.png")
    let pixels = { (name: String) in try ImageFile.load(tiny.file(name)).pixels }
    #expect(try pixels("last.png") == pixels("s-00003.png"))
    #expect(try pixels("s-00002.png") != pixels("s-00001.png") && pixels("s-00002.png") != pixels("s-00003.png"))
    for name in made {
      let origin = try PictureOrigin(tiny.file(name), locator: nil)
      #expect(origin.notes.isEmpty, "\(origin.notes)")
      try tiny.run([JobLine(PictureJob())], below: origin.job, output: "again.png")
      #expect(try Data(contentsOf: tiny.file("again.png")) == Data(contentsOf: tiny.file(name)), "\(name)")
    }
  }

  @Test func oneShare() throws {
    let job = PictureJob.job("a cat") { ($0.toPrompt, $0.blendShare) = ("a dog", 0.5) }
    try tiny.run([JobLine(job)], output: "a.png")
    let text = try #require(try ImageFile.parameters(of: tiny.file("a.png")))
    let parameters = GenerationParameters(parsing: text)
    #expect(parameters["Blend prompt"] == "a dog" && parameters["Blend share"] == "0.5")
    // The middle of a strip of three.
    let origin = try PictureOrigin(tiny.file("a.png"), locator: nil)
    try tiny.run([JobLine(strip { ($0.seed, $0.toSeed) = (origin.job.seed, nil) })], output: "s-{index}.png")
    #expect(try Data(contentsOf: tiny.file("a.png")) == Data(contentsOf: tiny.file("s-00002.png")))
  }

  static let bad: [@Sendable (inout PictureJob) -> Void] = [
    { ($0.toSeed, $0.toPrompt) = (nil, nil) }, { $0.frames = 1 }, { $0.frames = nil }, { $0.count = 4 },
    { $0.variationStrength = 0.5 }, { ($0.frames, $0.toSeed) = (nil, nil) }, { $0.toPrompt = "a dog <lora:x:1>" },
    { ($0.frames, $0.toSeed, $0.toPrompt, $0.blendShare) = (nil, nil, nil, 0.5) },
    { ($0.frames, $0.toSeed, $0.blendShare) = (nil, nil, 1.5) },
  ]

  @Test(arguments: bad.indices) func whatIsNotCompleteIsRefused(index: Int) throws {
    #expect(throws: JobError.self) { try tiny.run([JobLine(strip(Self.bad[index]))], output: "a.png") }
  }

  @Test func picturesMustNotTakeEachOthersPlace() throws {
    #expect(throws: JobError.self) { try tiny.run([JobLine(strip())], output: "{seed}.png") }
  }

  /// A resumed strip has one seed: where it was drawn, all of it is made again.
  @Test(arguments: [4, nil] as [UInt64?]) func resumed(seed: UInt64?) throws {
    let line = JobLine(number: 1, strip { $0.seed = seed })
    let first = try tiny.run([line], output: "out/", keepsManifest: true)
    #expect(try tiny.run([line], output: "out/", keepsManifest: true).skipped == first.made)
    try FileManager.default.removeItem(at: tiny.file("out/\(first.made[1])"))
    let again = try tiny.run([line], output: "out/", keepsManifest: true)
    #expect(again.made.count == (seed == nil ? 3 : 1))
  }
}
