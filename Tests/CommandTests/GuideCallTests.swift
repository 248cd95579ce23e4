import Checkpoints
import Foundation
import ReferenceSupport
import TensorCore
import TestSupport
import Testing

/// Pictures that other networks pull, by the commands.
@Suite struct GuideCallTests {
  private let classifier = fixtureURL("guides/classifier_sd1_tiny").path

  @Test func classifierAndPictureAgain() throws {
    let folder = try CommandFolder()
    let model = try folder.model("sd1_tiny").path
    let flags = [
      catOnTheMoon, "--model", model, "--steps", "6", "--seed", "42", "--width", "64", "--height", "64", "--cfg", "7.5",
    ]
    let guided = try folder.draw(
      .txt2img, flags + ["--classifier", classifier, "--class", "dog", "--classifier-scale", "30"])
    let wanted = try TensorFile(fixtureURL("guides/expected.safetensors")).tensor("run.sd1_tiny").floats()
    expectMatch(try guided.tensor("latents").floats(), wanted, tolerance: 1e-4, "txt2img --classifier")
  }

  @Test(arguments: [
    (["--class", "dog"], "--class has nothing to act on: it needs --classifier FOLDER"),
    (["--classifier-scale", "2"], "--classifier-scale has nothing to act on"),
    (["--guide-scale", "2"], "--guide-scale has nothing to act on"),
    (["--classifier", "x/y"], "what --classifier pulls towards is missing: name it with --class"),
    (["--classifier", "x/y", "--class", "dog", "--classifier-scale", "1e39"], "must be a number below 3e38"),
    (
      ["--classifier", "x/y", "--class", "dog", "--classifier-scale", "-1"],
      "--classifier-scale -1.0: must be 0 to 10000"
    ),
  ])
  func wrongUsage(flags: [String], line: String) throws {
    let folder = try CommandFolder()
    let result = try BuiltCommand.txt2img.run(["a cat"] + flags, in: folder.url)
    #expect(result.status == 64 && result.errors.contains(line), "\(result.errors)")
  }

  @Test(arguments: [
    (["--class", "lion"], "--class lion: classifier_sd1_tiny knows cat, dog, red car"),
    (["--class", "dog", "--guide", "nowhere"], "--guide found none of that name in"),
  ])
  func whatIsNotThere(flags: [String], line: String) throws {
    let folder = try CommandFolder()
    let model = try folder.model("sd1_tiny").path
    let result = try BuiltCommand.txt2img.run(
      ["a cat", "--model", model, "--classifier", classifier, "--steps", "1", "--output", "a.png"] + flags,
      in: folder.url)
    #expect(result.status == 1 && result.complaints.count == 1, "\(result.errors)")
    #expect(result.complaints.first?.contains(line) == true, "\(result.errors)")
  }

  @Test func samplesOfClasses() throws {
    let folder = try CommandFolder()
    let flags = ["sample", fixtureURL("guides/classes").path, "--steps", "3", "--sampler", "ddim", "--seed", "1"]
    func draw(_ more: [String]) throws -> [Float] {
      try folder.draw(.imago, flags + more).tensor("image_nhwc").floats()
    }
    let (plain, coat) = (try draw([]), try draw(["--class", "coat"]))
    #expect(try draw(["--class", "coat", "--cfg", "0"]) == plain)
    #expect(try coat != plain && draw(["--class", "bag"]) != coat && draw(["--class", "coat", "--cfg", "3"]) != coat)
  }

  @Test(arguments: [
    (["--cfg", "2"], 64, "--cfg has nothing to act on: it needs --class NAME"),
    (["--classifier", "x/y"], 64, "--classifier has nothing to act on"),
    (["--class", "coat", "--classifier-scale", "2"], 64, "--classifier-scale has nothing to act on"),
    (["--class", "boot"], 1, "--class boot: the model knows sneaker, bag, coat"),
    (["--class", "coat", "--classifier", "x/y"], 1, "has no guide.json"),
  ])
  func samplesThatCannotBe(flags: [String], status: Int32, line: String) throws {
    let folder = try CommandFolder()
    let result = try BuiltCommand.imago.run(
      ["sample", fixtureURL("guides/classes").path, "--steps", "1", "--output", "a.png"] + flags, in: folder.url)
    #expect(result.status == status && result.errors.contains(line), "\(result.errors)")
    #expect(!FileManager.default.fileExists(atPath: folder.file("a.png").path))
  }
}
