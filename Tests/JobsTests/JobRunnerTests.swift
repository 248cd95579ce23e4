import Diffusion
import Foundation
import Generation
import Images
import Jobs
import Testing

@Suite struct JobRunnerTests {
  private let tiny: TinyPipeline
  private let lines: [JobLine]

  init() throws {
    tiny = try TinyPipeline()
    lines = [
      JobLine(number: 1, .job("a cat") { $0.seed = 4 }), JobLine(number: 2, .job("a dog") { $0.width = 65 }),
      JobLine(number: 3, .job("a cat") { $0.count = 2 }), JobLine(number: 4, .job("a cat")),
    ]
  }

  private func entries(_ path: String) throws -> [[String: Any]] {
    try String(contentsOf: tiny.file(path), encoding: .utf8).split(separator: "\n").map {
      try #require(try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any])
    }
  }

  @Test func onlyWhatIsMissingIsMade() throws {
    let first = try tiny.run(lines, output: "out/", keepsManifest: true)
    #expect(first.made.count == 4 && first.skipped.isEmpty)
    #expect(first.failures.count == 1 && first.failures[0].hasPrefix("2: `width` 65"))
    #expect(try entries("out/manifest.jsonl").compactMap { $0["file"] as? String } == first.made)

    let second = try tiny.run(lines, output: "out/", keepsManifest: true)
    #expect(second.made.isEmpty && second.skipped == first.made)

    // Drawn seeds are drawn anew: equal lines must not be taken for each other.
    try FileManager.default.removeItem(at: tiny.file("out/" + (try #require(first.made.last))))
    let third = try tiny.run(lines, output: "out/", keepsManifest: true)
    #expect(third.made.count == 1 && third.skipped.count == 3)
  }

  @Test func anotherSettingIsAnotherPicture() throws {
    let job = PictureJob.job("a cat") { $0.seed = 4 }
    try tiny.run([JobLine(number: 1, job)], output: "out/", keepsManifest: true)
    for change: (inout PictureJob) -> Void in [
      { $0.cfg = 3.25 }, { $0.negativePrompt = "dog" }, { $0.eta = 0.5 }, { $0.sampler = "euler" }, { $0.stream = .nv },
      { $0.clipSkip = 1 }, { $0.variationStrength = 0.5 }, { $0.isSeamless = true }, { $0.guidanceRescale = 0.5 },
      { $0.emphasis = .ignore },
    ] {
      var other = job
      change(&other)
      let result = try tiny.run([JobLine(number: 1, other)], output: "out/", keepsManifest: true)
      #expect(result.made.count == 1, "\(other)")
    }
    let files = try FileManager.default.contentsOfDirectory(atPath: tiny.file("out").path)
    #expect(files.filter { $0.hasSuffix(".png") }.count == 11, "no picture took another's place")
  }

  @Test func interruptedRunsKeepWhatIsFinished() throws {
    struct Stop: Error {}
    var steps = 0
    let jobs = (1...3).map { seed in JobLine(number: seed, .job("a cat") { $0.seed = UInt64(seed) }) }
    #expect(throws: Stop.self) {
      try tiny.run(jobs, output: "out/", keepsManifest: true) {
        steps += 1
        // Two steps a picture: this is in the middle of the second one.
        if steps == 3 { throw Stop() }
      }
    }
    #expect(try entries("out/manifest.jsonl").count == 1)
    // A line that was cut short is not a picture.
    let handle = try FileHandle(forWritingTo: tiny.file("out/manifest.jsonl"))
    try handle.seekToEnd()
    try handle.write(contentsOf: Data(#"{"file":"00002"#.utf8))
    try handle.close()
    let result = try tiny.run(jobs, output: "out/", keepsManifest: true)
    #expect(result.skipped.count == 1 && result.made.count == 2)
    #expect(try tiny.run(jobs, output: "out/", keepsManifest: true).made.isEmpty)
  }

  @Test func flagsSeedCountsOnOverTheRun() throws {
    var flags = PictureJob()
    flags.seed = 10
    let result = try tiny.run(
      [JobLine(number: 1, .job("a") { $0.count = 2 }), JobLine(number: 2, .job("b"))], above: flags,
      output: "out/", keepsManifest: true)
    #expect(result.made == ["00001-10.png", "00002-11.png", "00003-12.png"])
  }

  @Test func anEstimateWritesNothing() throws {
    var options = JobRunner.Options()
    options.output = tiny.file("out").path + "/"
    options.keepsManifest = true
    let loaded = tiny.loaded
    let runner = try JobRunner(lines, options: options) { _ in loaded }
    var failures: [Int?] = []
    let estimate = try runner.estimate { line, _ in failures.append(line) }
    #expect(failures == [2] && estimate.jobs.map(\.missing) == [1, 2, 1])
    #expect(estimate.jobs.allSatisfy { $0.seconds > 0 && $0.gigabytes > 0 })
    #expect(!FileManager.default.fileExists(atPath: tiny.file("out").path))
  }
}
