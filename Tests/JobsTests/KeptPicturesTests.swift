import Files
import Foundation
import Generation
import Images
import Jobs
import Synchronization
import TestSupport
import Testing

/// No picture is lost: none takes another's place, none is computed for nothing.
@Suite struct KeptPicturesTests {
  private let tiny: TinyPipeline

  init() throws { tiny = try TinyPipeline() }

  private func names(_ folder: String = "out") throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: tiny.file(folder).path).sorted()
  }

  private func line(_ prompt: String, _ change: (inout PictureJob) -> Void = { _ in }) -> [JobLine] {
    [
      JobLine(
        .job(prompt) {
          $0.seed = 1
          change(&$0)
        })
    ]
  }

  // MARK: - Names

  @Test func numbersGoOn() throws {
    #expect(try tiny.run(line("a cat"), output: "out/").made == ["00001-1.png"])
    #expect(
      try tiny.run(line("a dog") { $0.count = 2 }, output: "out/", grid: 0).made == ["00002-1.png", "00003-2.png"])
    #expect(try tiny.run(line("a dog"), output: "out/").made == ["00004-1.png"])
    #expect(try names().count == 5)
    // Patterns too, and those without a number get one.
    for wanted in ["a-00001.jpg", "a-00002.jpg"] {
      #expect(try tiny.run(line("a cat"), output: "out/a-{index}.jpg").made == [wanted])
    }
    for wanted in ["p-1-a-cat.png", "p-1-a-cat-2.png", "p-1-a-cat-3.png"] {
      #expect(try tiny.run(line("a cat"), output: "out/p-{seed}-{prompt}.png").made == [wanted])
    }
  }

  /// One file that a person names is replaced, unless the run reads it.
  @Test func oneNamedFile() throws {
    try tiny.run(line("a cat"), output: "a.png")
    let first = try Data(contentsOf: tiny.file("a.png"))
    try tiny.run(line("a dog"), output: "a.png")
    #expect(try Data(contentsOf: tiny.file("a.png")) != first)
    let picture = fixtureURL("reference/sd1_tiny/i2i_s0.6.image.png")
    let mask = fixtureURL("reference/sd1_tiny/inpaint_4ch.mask_image.png")
    try FileManager.default.copyItem(at: picture, to: tiny.file("in.png"))
    try FileManager.default.copyItem(at: mask, to: tiny.file("mask.png"))
    try FileManager.default.createSymbolicLink(at: tiny.file("link.png"), withDestinationURL: tiny.file("in.png"))
    for name in ["in.png", "mask.png", "link.png"] {
      let edit = line("a cat") {
        ($0.edit.input, $0.edit.mask) = (tiny.file("in.png").path, tiny.file("mask.png").path)
      }
      let error = #expect(throws: JobError.self) { try tiny.run(edit, output: name) }
      #expect(error.map { "\($0)".hasPrefix("`output` ") } == true)
    }
    #expect(try Data(contentsOf: tiny.file("in.png")) == Data(contentsOf: picture))
    #expect(try Data(contentsOf: tiny.file("mask.png")) == Data(contentsOf: mask))
    let found = line("a dog") {
      ($0.edit.input, $0.edit.isEdit, $0.edit.maskOut) = (tiny.file("in.png").path, true, tiny.file("in.png").path)
    }
    #expect(throws: JobError.self) { try tiny.run(found, output: "b.png") }
    #expect(!FileManager.default.fileExists(atPath: tiny.file("b.png").path))
  }

  /// Two runs into one folder that do not know of each other.
  @Test func anotherProcessTakesTheName() throws {
    var isFirst = true
    let result = try tiny.run(line("a cat") { $0.count = 2 }, output: "out/") {
      if isFirst { try tiny.run(line("a dog"), output: "out/") }
      isFirst = false
    }
    #expect(result.made == ["00002-1.png", "00003-2.png"])
    let text = try #require(try ImageFile.parameters(of: tiny.file("out/00001-1.png")))
    #expect(text.hasPrefix("a dog\n"))
    #expect(try names() == ["00001-1.png", "00002-1.png", "00003-2.png"])
  }

  /// A picture that appears between the look at the folder and the planning of names is passed over.
  @Test func numbersGoOnFromWhatAppears() throws {
    let naming = try OutputNaming(tiny.file("out").path + "/", count: 1)
    var names = NewNames(naming, seed: 1, prompt: "a cat")
    try tiny.run(line("a dog"), output: "out/")
    #expect(names.url(index: 0, seed: 1, prompt: "a cat").lastPathComponent == "00002-1.png")
    #expect(names.url(index: 1, seed: 2, prompt: "a cat").lastPathComponent == "00003-2.png")
  }

  /// Another file of jobs with the same picture: one process writes it, the other finds it there.
  @Test func anotherProcessMakesTheSame() throws {
    var steps = 0
    let (dog, cat) = (line("a dog") { $0.fileName = "dog" }, line("a cat") { $0.fileName = "cat" })
    let result = try tiny.run(dog + cat, output: "out/", keepsManifest: true) {
      steps += 1
      // In the middle of the second picture.
      if steps == 3 { try tiny.run(cat, output: "out/", keepsManifest: true) }
    }
    #expect(result.made == ["dog.png"] && result.skipped == ["cat.png"])
    #expect(try names() == ["cat.png", "dog.png", "manifest.jsonl"])
  }

  /// Processes that work through one file of jobs at once make each picture once, whoever is free the next one.
  @Test func jobsAreSharedAmongProcesses() throws {
    let lines = (1...10).map { number in JobLine(number: number, .job("picture \(number)") { $0.seed = UInt64(number) })
    }
    let made = Mutex<[[String]]>([])
    let group = DispatchGroup()
    for _ in 0..<3 {
      group.enter()
      Thread { [tiny] in
        let result = try? tiny.run(lines, output: "out/", keepsManifest: true)
        made.withLock { $0.append(result?.made ?? []) }
        group.leave()
      }.start()
    }
    group.wait()
    let each = made.withLock { $0 }
    let wanted = (1...10).map { String(format: "%05d-%d.png", $0, $0) }
    #expect(each.flatMap { $0 }.sorted() == wanted, "each once, by one of them")
    #expect(each.allSatisfy { $0.count < 10 }, "nobody makes all")
    #expect(try names() == wanted + ["manifest.jsonl"])
    let entries = try String(contentsOf: tiny.file("out/manifest.jsonl"), encoding: .utf8).split(separator: "\n")
    #expect(entries.count == 10)
  }

  /// A job that somebody is at is left to them, and done here where they end without having done it.
  @Test func whatAnEndedProcessHadBegunIsDone() throws {
    let claims = try #require(FileClaims(tiny.file("out/manifest.jsonl")))
    #expect(claims.take(0))
    #expect(FileClaims(tiny.file("out/manifest.jsonl"))?.take(0) == false)
    var steps = 0
    let lines = line("a dog") { $0.fileName = "dog" } + line("a cat") { $0.fileName = "cat" }
    let result = try tiny.run(lines, output: "out/", keepsManifest: true) {
      steps += 1
      if steps == 1 {
        let there = try names()
        #expect(there == ["manifest.jsonl"])
        claims.release(0)
      }
    }
    #expect(result.made == ["cat.png", "dog.png"], "first what was free")
  }

  // MARK: - Files of jobs

  @Test(arguments: ["png", "jpg", "safetensors"]) func damagedPicturesAreMadeAgain(ending: String) throws {
    let lines = [JobLine(number: 1, .job("a cat") { $0.seed = 4 }), JobLine(number: 2, .job("a dog") { $0.seed = 5 })]
    let output = "out/{index}.\(ending)"
    let first = try tiny.run(lines, output: output, keepsManifest: true)
    let file = tiny.file("out/\(first.made[0])")
    let whole = try Data(contentsOf: file)
    for damage in [whole.prefix(whole.count / 2), Data(), Data(whole.reversed())] {
      try damage.write(to: file)
      let again = try tiny.run(lines, output: output, keepsManifest: true)
      #expect(again.made == [first.made[0]] && again.skipped == [first.made[1]])
      #expect(again.notes.count == 1)
      #expect(try Data(contentsOf: file) == whole)
    }
    #expect(try tiny.run(lines, output: output, keepsManifest: true).made.isEmpty)
  }

  /// Pictures that a run without a manifest left in the folder stay.
  @Test func strangersStay() throws {
    try tiny.run(line("a cat"), output: "out/")
    let stranger = try Data(contentsOf: tiny.file("out/00001-1.png"))
    let result = try tiny.run(line("a dog"), output: "out/", keepsManifest: true)
    #expect(result.made == ["00001-1-2.png"])
    #expect(try Data(contentsOf: tiny.file("out/00001-1.png")) == stranger)
    #expect(try tiny.run(line("a dog"), output: "out/", keepsManifest: true).skipped == result.made)
  }

  @Test func linesWinOverFlags() throws {
    var flags = PictureJob()
    (flags.steps, flags.seed, flags.sampler, flags.schedule) = (3, 9, "ddim", "karras")
    let lines = [
      JobLine(number: 1, .job("a") { ($0.steps, $0.seed) = (2, 5) }), JobLine(number: 2, .job("b")),
      JobLine(number: 3, .job("c") { $0.sampler = "euler" }),
      JobLine(number: 4, .job("d") { $0.sampler = "DPM++ 2M Exponential" }),
    ]
    flags.sampler = "dpmpp-2m"
    let made = try tiny.run(lines, above: flags, output: "out/", keepsManifest: true).made
    #expect(made == ["00001-5.png", "00002-10.png", "00003-11.png", "00004-12.png"])
    let fields = try made.map { name in
      let text = try #require(try ImageFile.parameters(of: tiny.file("out/\(name)")))
      let found = GenerationParameters(parsing: text)
      return [found["Steps"], found["Sampler"], found["Schedule type"]]
    }
    #expect(
      fields == [
        ["2", "DPM++ 2M", "Karras"], ["3", "DPM++ 2M", "Karras"], ["3", "Euler", "Karras"],
        ["3", "DPM++ 2M", "Exponential"],
      ])
  }

  // MARK: - What cannot be stored

  /// A picture is kept whatever its text; a text is kept whole or not at all, and that is said.
  @Test(arguments: [("x", 36_000, true), ("é", 20_000, true), ("é", 36_000, false), ("x", 70_000, false)])
  func longTextsInJPEG(letter: String, count: Int, fits: Bool) throws {
    let words = Array(repeating: letter, count: count / 2).joined(separator: " ")
    let job = line("a cat") { ($0.negativePrompt, $0.cfg) = (words, 1) }
    let result = try tiny.run(job, output: "a.jpg")
    let isSaid = result.notes.contains { $0.contains("parameters are left out") }
    #expect(result.made == ["a.jpg"] && isSaid != fits, "\(result.notes)")
    let text = try ImageFile.parameters(of: tiny.file("a.jpg"))
    #expect(fits == (text.map { GenerationParameters(parsing: $0).negativePrompt == words } ?? false))
    #expect(fits || text == nil)
  }

  /// Nothing is computed for what cannot be written.
  @Test(arguments: ["name", "folder", "manifest", "mask", "grid"]) func foundBeforeTheFirstStep(kind: String) throws {
    var steps = 0
    let long = String(repeating: "é", count: 126)
    try FileManager.default.createDirectory(at: tiny.file("out/manifest.jsonl"), withIntermediateDirectories: true)
    let picture = fixtureURL("reference/sd1_tiny/i2i_s0.6.image.png").path
    #expect(throws: (any Error).self) {
      let count = { steps += 1 }
      switch kind {
      case "name": try tiny.run(line("a cat"), output: "\(long).png", onStep: count)
      case "folder": try tiny.run(line("a cat"), output: "/../../../../../../../proc/none/a.png", onStep: count)
      case "mask":
        let edit = line("a dog") {
          ($0.edit.input, $0.edit.isEdit, $0.edit.maskOut) = (picture, true, "/proc/none/m.png")
        }
        try tiny.run(edit, output: "a.png", onStep: count)
      case "grid":
        let wide = line("a cat") { ($0.count, $0.width, $0.height, $0.steps) = (1100, 64, 8, 1) }
        try tiny.run(wide, output: "a.jpg", grid: 1100, onStep: count)
      default:
        let result = try tiny.run(line("a cat"), output: "out/", keepsManifest: true, onStep: count)
        if let failure = result.failures.first { throw JobError.missing(what: failure, advice: "") }
      }
    }
    #expect(steps == 0)
  }

  /// In a file of jobs a name that is too long costs its line.
  @Test func aLongNameCostsItsLine() throws {
    let long = String(repeating: "x", count: 300)
    let lines = [
      JobLine(number: 1, .job("a cat") { ($0.seed, $0.fileName) = (1, long) }),
      JobLine(number: 2, .job("a cat") { $0.seed = 2 }),
    ]
    let result = try tiny.run(lines, output: "out/", keepsManifest: true)
    #expect(
      result.made == ["00002-2.png"] && result.failures.count == 1 && result.failures[0].hasPrefix("1: `output` "))
  }
}
