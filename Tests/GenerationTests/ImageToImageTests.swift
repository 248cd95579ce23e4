import Conditioning
import Diffusion
import Foundation
import Generation
import Images
import PipelineSupport
import ReferenceSupport
import TensorCore
import Testing

/// What image to image keeps, refuses, and writes.
@Suite struct ImageToImageTests {
  private func request(
    seeds: [UInt64] = [5], masked: Bool = true, strength: Double = 0.6, sampler: SamplerName = .ddim,
    _ change: (inout CanvasOptions) -> Void = { _ in }
  ) throws -> ImageToImageRequest {
    let mask = TestPictures.mask(width: 64, height: 64, x: 20..<41, y: 11..<30)
    var options = CanvasOptions()
    change(&options)
    let canvas = try EditCanvas(
      EditFixtures.picture(), mask: masked ? Mask(mask) : nil, options: options, multiple: 8, defaultSize: 64)
    let generation = GenerationRequest(
      prompts: seeds.map { _ in "a red butterfly" }, steps: 4, guidance: Guidance(scale: 5), sampler: sampler,
      seeds: seeds, width: 64, height: 64)
    return ImageToImageRequest(generation, canvas: canvas, strength: strength)
  }

  private func pipeline(_ folder: String = "sd1_tiny") throws -> ImageToImage {
    ImageToImage(try ReferencePipelines.components(ReferenceCase(folder)), precision: .f32)
  }

  /// From the file that is written, whatever the model, the area and what stands under the mask.
  @Test(arguments: ["sd1_tiny", "inpaint_tiny_9ch"], MaskedContent.allCases)
  func untouchedPixelsOfTheFileAreTheOriginals(folder: String, content: MaskedContent) throws {
    let pipeline = try pipeline(folder)
    let before = try EditFixtures.picture()
    for area in InpaintArea.allCases {
      let request = try request {
        $0.area = area
        $0.content = content
      }
      let batch = try pipeline.generate(request)
      let after = try PNG.decode(PNG.encode(ImageTensor.images(batch.pixels)[0], text: []))
      var changed = 0
      for pixel in 0..<(64 * 64) {
        let (x, y) = (pixel % 64, pixel / 64)
        let isSame = (0..<3).allSatisfy { before.pixels[pixel * 3 + $0] == after.pixels[pixel * 3 + $0] }
        if !(20..<41).contains(x) || !(11..<30).contains(y) {
          #expect(isSame, "\(area): \(x), \(y) changed")
        } else if !isSame {
          changed += 1
        }
      }
      #expect(changed > 300, "of 399 pixels in the mask, \(area)")
    }
  }

  @Test(arguments: [SamplerName.ddim, .eulerAncestral, .heun, .dpmpp2M])
  func neighboursChangeNothing(sampler: SamplerName) throws {
    let pipeline = try pipeline()
    let both = try pipeline.generate(request(seeds: [5, 6], sampler: sampler)).latents
    let alone = try pipeline.generate(request(seeds: [6], sampler: sampler)).latents
    #expect(alone.floats() == both.slice(axis: 0, from: 1, count: 1).floats())
    #expect(alone.firstNonFinite == nil)
  }

  @Test func moreStrengthChangesMore() throws {
    let pipeline = try pipeline()
    let weak = try pipeline.generate(request(masked: false, strength: 0.25)).latents.floats()
    let strong = try pipeline.generate(request(masked: false, strength: 0.75)).latents.floats()
    let codec = LatentCodec(pipeline.components.autoencoder, precision: .f32)
    let clean = codec.scaled(try codec.distribution(ImageTensor.pack([try EditFixtures.picture()])).mean).floats()
    func distance(_ a: [Float]) -> Float { zip(a, clean).map { ($0 - $1) * ($0 - $1) }.reduce(0, +) }
    #expect(distance(weak) < distance(strong))
  }

  @Test(arguments: [-0.1, 1.1, .nan, 0, 0.2])
  func badStrength(_ strength: Double) throws {
    let error = try #require(throws: GenerationError.self) {
      try pipeline().generate(request(strength: strength))
    }
    #expect("\(error)".hasPrefix("--strength"))
  }

  /// The halves of one prompt joined by AND are that prompt: rounding only.
  @Test func partsJoinedByANDAddUp() throws {
    let pipeline = TextToImage(try EditFixtures.components(), precision: .f32)
    func latents(_ prompt: String) throws -> [Float] {
      try pipeline.generate(ReferencePipelines.shortRequest(seeds: [1], prompts: [prompt])).latents.floats()
    }
    let whole = try latents("a red butterfly")
    expectMatch(
      try latents("a red butterfly :0.5 AND a red butterfly :0.5"), whole, tolerance: 1e-4, "two halves")
    let other = try latents("a red butterfly :0.5 AND a cat :0.5")
    #expect(other != whole)
  }
}
