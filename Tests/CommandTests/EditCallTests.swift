import Checkpoints
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
}
