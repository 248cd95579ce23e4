import Diffusion
import Generation
import Images
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

  @Test func neighboursChangeNothing() throws {
    let pipeline = TextToImage(try EditFixtures.components(), precision: .f32)
    let hires = HiresFix(scale: 1.5, denoise: 0.5)
    let both = try pipeline.generate(request(hires, seeds: [1, 2])).latents
    let alone = try pipeline.generate(request(hires, seeds: [2])).latents
    #expect(both.slice(axis: 0, from: 1, count: 1).floats() == alone.floats())
  }

  @Test(arguments: [
    HiresFix(scale: 0.5), HiresFix(scale: .nan), HiresFix(scale: 1000), HiresFix(steps: 0),
    HiresFix(denoise: 1.5), HiresFix(steps: 3, denoise: 0.1),
  ])
  func badValues(_ hires: HiresFix) {
    #expect(throws: GenerationError.self) { try request(hires).validate(multiple: 8, trainSteps: 1000) }
  }
}
