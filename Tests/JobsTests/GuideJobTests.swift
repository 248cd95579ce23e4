import Foundation
import Images
import Jobs
import ModelFiles
import TestSupport
import Testing

/// Settings of networks that guide: layers, prompt files, metadata.
@Suite struct GuideJobTests {
  private func flags(_ change: (inout GuideJob) -> Void) -> PictureJob {
    var job = PictureJob()
    change(&job.guides)
    return job
  }

  @Test func linesOfPromptFiles() throws {
    let line =
      "--prompt cat --classifier a/b --class \"ankle boot\" --classifier-scale 2.5 --guide contrastive "
      + "--guide_scale 3"
    let job = try #require(PromptFile(text: line, path: "p.txt").lines.first?.job)
    var wanted = GuideJob()
    (wanted.classifier, wanted.className, wanted.classifierScale) = ("a/b", "ankle boot", 2.5)
    (wanted.contrastive, wanted.guideScale) = ("contrastive", 3)
    #expect(job.guides == wanted)
  }

  @Test func aClassBelongsToItsClassifier() {
    let below = flags { ($0.classifier, $0.className, $0.classifierScale) = ("a", "cat", 3) }
    let other = below.overlaid(by: flags { $0.classifier = "b" }).guides
    #expect(other.className == nil && other.classifierScale == 3)
    #expect(below.overlaid(by: flags { $0.className = "dog" }).guides.className == "dog")
  }

  private static let idle: [(String, @Sendable (inout GuideJob) -> Void)] = [
    ("`class` has nothing to act on", { $0.className = "cat" }),
    ("`classifier-scale` has nothing to act on", { $0.classifierScale = 2 }),
    ("`guide-scale` has nothing to act on", { $0.guideScale = 2 }),
    ("what `classifier` pulls towards is missing", { $0.classifier = "a/b" }),
  ]

  @Test(arguments: idle.indices) func settingsWithNothingToActOn(index: Int) {
    let job = flags(Self.idle[index].1)
    #expect { try job.checkUse(in: job) } throws: { "\($0)".contains(Self.idle[index].0) }
  }

  @Test(arguments: [Float.infinity, .nan, -2, 1e9]) func strengthsThatAreNone(scale: Float) {
    #expect { try flags { $0.classifierScale = scale }.checkValues() } throws: {
      "\($0)".contains("`classifier-scale`")
    }
    #expect { try flags { $0.guideScale = scale }.checkValues() } throws: { "\($0)".contains("`guide-scale`") }
  }

  /// A picture says what pulled it, and is made again from that.
  @Test func metadataMakesTheSamePictureAgain() throws {
    let tiny = try TinyPipeline()
    let model = try tiny.diffusersFolder()
    func make(_ flags: PictureJob, below: PictureJob = PictureJob(), _ name: String) throws -> Data {
      var options = JobRunner.Options()
      options.output = tiny.file(name).path
      var below = below
      (below.precision, below.model) = (.f32, model.path)
      try JobRunner([JobLine(PictureJob())], below: below, above: flags, options: options).run(JobRunner.Events())
      return try Data(contentsOf: tiny.file(name))
    }
    var job = PictureJob.job("a cat") {
      ($0.steps, $0.width, $0.height, $0.seed, $0.cfg) = (2, 32, 32, 7, 2)
    }
    let plain = try make(job, "plain.png")
    // Beside the picture, where they are found again; under names that nothing of the program's has.
    let names = ["own-classifier", "own-reader"]
    for (name, source) in zip(names, ["classifier_sd1_tiny", "contrastive"]) {
      try FileManager.default.copyItem(at: fixtureURL("guides/\(source)"), to: tiny.file(name))
    }
    (job.guides.classifier, job.guides.className) = (tiny.file(names[0]).path, "red car")
    (job.guides.contrastive, job.guides.guideScale) = (tiny.file(names[1]).path, 7.5)
    job.guides.classifierScale = 12.25
    let guided = try make(job, "guided.png")
    #expect(guided != plain)
    let origin = try PictureOrigin(tiny.file("guided.png"), locator: nil)
    #expect(origin.notes.isEmpty, "\(origin.notes)")
    #expect(origin.job.guides.className == "red car" && origin.job.guides.classifierScale == 12.25)
    #expect(origin.job.guides.guideScale == 7.5)
    #expect(try make(PictureJob(), below: origin.job, "again.png") == guided)

    // What is not here any more is left out, with its class.
    for name in names { try FileManager.default.removeItem(at: tiny.file(name)) }
    let lost = try PictureOrigin(tiny.file("guided.png"), locator: nil)
    #expect(lost.notes.count == 2 && lost.notes[0].contains("or it is left out"), "\(lost.notes)")
    #expect(lost.job.guides == GuideJob())
  }

  @Test func namesAreLookedUpBesideTheModelFirst() throws {
    let tiny = try TinyPipeline()
    let files = FileManager.default
    try files.createDirectory(at: tiny.file("work"), withIntermediateDirectories: true)
    let locator = ModelLocator(
      environment: ["IMAGO_HOME": tiny.folder.path], workingDirectory: tiny.file("work").path)
    func put(_ place: String) throws {
      try files.createDirectory(at: tiny.file(place), withIntermediateDirectories: true)
      try Data("{}".utf8).write(to: tiny.file("\(place)/guide.json"))
    }
    func found() throws -> String {
      try locator.guide("mine", flag: "`guide`", model: tiny.file("model")).path
    }
    #expect { try found() } throws: { "\($0)".hasPrefix("mine: `guide` found none of that name in") }
    for place in ["work/mine", "Weights/mine", "model/mine"] {
      try put(place)
      #expect(try found() == tiny.file(place).path)
    }
    #expect(try locator.guide("a/b", flag: "`guide`", model: tiny.folder).path == tiny.file("work/a/b").path)
  }
}
