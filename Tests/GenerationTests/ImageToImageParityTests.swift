import Diffusion
import Foundation
import Generation
import Images
import PipelineSupport
import ReferenceSupport
import TensorCore
import TestSupport
import Testing

/// A call with a picture whose latents after every step, and whose result, diffusers stored.
struct StoredEdit: Sendable, CustomTestStringConvertible {
  let folder, name: String
  let isMasked: Bool
  let strength: Double
  let steps: Int
  let seed: UInt64
  var testDescription: String { "\(folder) \(name)" }

  static let all = [
    StoredEdit(folder: "sd1_tiny", name: "i2i_s0.6", isMasked: false, strength: 0.6, steps: 10, seed: 9),
    StoredEdit(folder: "sd1_tiny", name: "inpaint_4ch", isMasked: true, strength: 0.8, steps: 10, seed: 13),
    StoredEdit(
      folder: "inpaint_tiny_9ch", name: "inpaint_9ch", isMasked: true, strength: 1, steps: 6, seed: 13),
  ]

  func picture(_ part: String) throws -> Image {
    try ImageFile.load(fixtureURL("reference/\(folder)/\(name).\(part).png"))
  }
}

/// Whole image-to-image and inpainting calls against diffusers: posterior, noise, strength, mask, sampler, U-Net and decoder.
///
/// 1e-4 of the range, as for text to image: guidance multiplies rounding errors of some 1e-6 by up to 7.5 at every step.
@Suite struct ImageToImageParityTests {
  private static let tolerance: Float = 1e-4

  @Test(arguments: StoredEdit.all)
  func storedCall(_ call: StoredEdit) throws {
    let reference = try ReferenceCase(call.folder)
    let components = try ReferencePipelines.components(reference)
    var options = CanvasOptions()
    // The stored pictures are the decoder's, not pasted into the original.
    options.pastesBack = false
    let canvas = try EditCanvas(
      call.picture("image"), mask: call.isMasked ? Mask(call.picture("mask_image")) : nil, options: options,
      multiple: components.sizeMultiple, defaultSize: components.defaultSize)
    let generation = GenerationRequest(
      prompts: ["a cat on the moon"], steps: call.steps, guidance: Guidance(scale: 7.5), sampler: .ddim,
      seeds: [call.seed], stream: .torchBatch, width: 64, height: 64)
    let latents = try reference.floats("\(call.name).latents")
    var visited = 0
    let batch = try ImageToImage(components, precision: .f32).generate(
      ImageToImageRequest(generation, canvas: canvas, strength: call.strength)
    ) { _, now in
      let size = now.count
      expectMatch(
        now.channelsFirstFloats(), Array(latents[(visited * size)..<((visited + 1) * size)]),
        tolerance: Self.tolerance, "\(call.name), latents after step \(visited)")
      visited += 1
    }
    #expect(visited == Int(Double(call.steps) * call.strength) && visited * batch.latents.count == latents.count)
    expectMatch(
      ImageTensor.unitValues(batch.pixels).flatMap { $0 }, try reference.floats("\(call.name).image_nhwc"),
      tolerance: Self.tolerance, "\(call.name), picture")
  }
}
