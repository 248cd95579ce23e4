import Conditioning
import Diffusion
import Generation
import Images
import PipelineSupport
import TensorCore
import TestSupport
import Testing

@Suite struct HiresFixTests {
  private func request(_ hires: HiresFix?, seeds: [UInt64] = [42]) -> GenerationRequest {
    var request = ReferencePipelines.shortRequest(seeds: seeds, prompts: seeds.map { _ in "a cat on the moon" })
    request.hires = hires
    return request
  }

  @Test(arguments: HiresFix.Upscaler.allCases)
  func aSecondPassEnlarges(upscaler: HiresFix.Upscaler) throws {
    let pipeline = TextToImage(try EditFixtures.components(), precision: .f32)
    let hires = HiresFix(scale: 1.5, steps: 4, denoise: 0.5, upscaler: upscaler)
    var steps: [Int] = []
    let batch = try pipeline.generate(request(hires)) { steps.append($0.index) }
    #expect(batch.pixels.shape == [1, 96, 96, 3])
    #expect(steps == [0, 1, 2, 3], "two steps of two, then the last two of four")
    // The composition stays: shrunk again, the picture is closer to the first pass than to another seed's.
    let first = try pipeline.generate(request(nil)).pixels
    let other = try pipeline.generate(request(nil, seeds: [1])).pixels
    let small = ImageTensor.pack(
      ImageTensor.images(batch.pixels).map { $0.resized(width: 64, height: 64, filter: .area) })
    func distance(_ a: Tensor, _ b: Tensor) -> Float {
      zip(a.floats(), b.floats()).map { ($0 - $1) * ($0 - $1) }.reduce(0, +)
    }
    #expect(distance(small, first) < distance(small, other))
  }

  /// AUTOMATIC1111's: all steps are run; one step is enough; a size, another prompt, guidance and sampler of its own.
  @Test func anotherProgramsSecondPass() throws {
    let pipeline = TextToImage(try EditFixtures.components(), precision: .f32)
    func made(_ change: (inout HiresFix) -> Void) throws -> (steps: [Int], batch: GeneratedBatch) {
      var hires = HiresFix(resize: PixelSize(width: 96, height: 80), steps: 3, counting: .all, denoise: 0.5)
      change(&hires)
      var steps: [Int] = []
      let batch = try pipeline.generate(request(hires)) { steps.append($0.index) }
      return (steps, batch)
    }
    let plain = try made { _ in }
    #expect(plain.steps == [0, 1, 3, 4, 5] && plain.batch.pixels.shape == [1, 80, 96, 3])
    #expect(try made { $0.steps = 1 }.steps == [0, 1, 1])
    #expect(try made { $0.prompt = "a cat on the moon" }.batch.latents.floats() == plain.batch.latents.floats())
    let changes: [(inout HiresFix) -> Void] = [
      { $0.prompt = "a dog" }, { $0.negativePrompt = "a dog" }, { $0.cfg = 2 }, { $0.sampler = .eulerAncestral },
    ]
    for change in changes { #expect(try made(change).batch.latents.floats() != plain.batch.latents.floats()) }
  }

  @Test func neighboursChangeNothing() throws {
    let pipeline = TextToImage(try EditFixtures.components(), precision: .f32)
    let hires = HiresFix(scale: 1.5, denoise: 0.5)
    let both = try pipeline.generate(request(hires, seeds: [1, 2])).latents
    let alone = try pipeline.generate(request(hires, seeds: [2])).latents
    #expect(both.slice(axis: 0, from: 1, count: 1).floats() == alone.floats())
  }

  @Test(arguments: [
    HiresFix(scale: 0.5), HiresFix(scale: .nan), HiresFix(scale: 1000), HiresFix(steps: 0),
    HiresFix(denoise: 1.5), HiresFix(steps: 3, denoise: 0.1), HiresFix(counting: .all, denoise: 0),
    HiresFix(steps: 20, counting: .all, denoise: 0.001), HiresFix(resize: PixelSize(width: 0, height: 0)),
    HiresFix(resize: PixelSize(width: 9000, height: 0)), HiresFix(resize: PixelSize(width: -8, height: 64)),
  ])
  func badValues(_ hires: HiresFix) {
    #expect(throws: GenerationError.self) { try request(hires).validate(multiple: 8, trainSteps: 1000) }
  }
}
