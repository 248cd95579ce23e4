import Checkpoints
import Foundation
import ReferenceSupport
import TestSupport
import Testing

/// Every stored image-to-image and inpainting call, by `img2img`.
@Suite struct EditCallTests {
  struct TypedEdit: Sendable, CustomTestStringConvertible {
    let folder, name: String
    let isMasked: Bool
    let flags: String
    var testDescription: String { "\(folder) \(name)" }
  }

  static let all = [
    TypedEdit(
      folder: "sd1_tiny", name: "i2i_s0.6", isMasked: false, flags: "--strength 0.6 --cfg 7.5 --steps 10 --seed 9"),
    TypedEdit(
      folder: "sd1_tiny", name: "inpaint_4ch", isMasked: true, flags: "--strength 0.8 --cfg 7.5 --steps 10 --seed 13"),
    TypedEdit(
      folder: "inpaint_tiny_9ch", name: "inpaint_9ch", isMasked: true,
      flags: "--strength 1 --cfg 7.5 --steps 6 --seed 13"),
  ]

  /// As for text to image. The stored pictures are the decoder's, not pasted into the original.
  @Test(arguments: all) func call(_ call: TypedEdit) throws {
    let folder = try CommandFolder()
    let model = try folder.model(call.folder)
    func picture(_ part: String) -> String { model.appendingPathComponent("\(call.name).\(part).png").path }
    var arguments = [picture("image"), catOnTheMoon, "--model", model.path]
    arguments += call.flags.split(separator: " ").map(String.init)
    if call.isMasked { arguments += ["--mask", picture("mask_image"), "--no-paste-back"] }
    let file = try folder.draw(.img2img, arguments)
    try file.expectStored(
      call.name, in: ReferenceCase(call.folder).expected, tolerance: StoredCallTests.tolerance)
  }

  /// A model that learns the picture first; the second call has nothing to learn.
  @Test func learnsThePicture() throws {
    let folder = try CommandFolder()
    let model = try folder.model("sd1_tiny")
    let picture = model.appendingPathComponent("i2i_s0.6.image.png").path
    func call(_ more: String...) throws -> CommandResult {
      try BuiltCommand.img2img.run(
        [
          picture, "--imagic", "a dog", "--model", model.path, "--imagic-steps", "2", "--imagic-folder", "learnt",
          "--json",
        ]
          + more, in: folder.url)
    }
    let first = try call("--output", "results/a.png")
    #expect(first.status == 0, "\(first.errors)")
    #expect(first.errors.contains("learning the picture: 2 steps") && first.errors.contains("step 1/2 "))
    let second = try call("--output", "results/b.png", "--imagic-share", "0.2")
    #expect(second.status == 0 && !second.errors.contains("step 1/"), "\(second.errors)")
    let files = ["a", "b"].map { FileManager.default.contents(atPath: folder.results.path + "/\($0).png") }
    #expect(files[0] != nil && files[0] != files[1])
    for wrong in [
      ["--edit", "a dog"], ["a dog"], ["--mask", picture], ["--strength", "0.5"], ["--imagic-share", "9"],
      ["--dry-run"],
    ] {
      let refused = try BuiltCommand.img2img.run([picture, "--imagic", "a dog"] + wrong, in: folder.url)
      #expect(refused.status == 64, "\(wrong): \(refused.errors)")
    }
    #expect(try BuiltCommand.img2img.run([picture, "a dog", "--imagic-steps", "9"], in: folder.url).status == 64)
  }
}
