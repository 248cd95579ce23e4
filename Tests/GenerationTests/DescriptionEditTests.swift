import Conditioning
import Diffusion
import Generation
import Images
import PipelineSupport
import ReferenceSupport
import TensorCore
import Testing

/// Edits by description, their steps against diffusers with the encoder's mean in place of a draw.
@Suite struct DescriptionEditTests {
  private func request(
    seeds: [UInt64] = [7], strength: Double = 0.8, cfg: Float = 7.5
  ) throws -> (DescriptionEdit, DescriptionEditRequest) {
    let components = try EditFixtures.components()
    let picture = try EditFixtures.picture()
    let canvas = try EditCanvas(
      picture, mask: Mask(TestPictures.plain(width: 64, height: 64, [255])), multiple: components.sizeMultiple,
      defaultSize: components.defaultSize)
    let generation = GenerationRequest(
      prompts: seeds.map { _ in "a red butterfly" }, steps: 10, guidance: Guidance(scale: cfg), sampler: .ddim,
      seeds: seeds, width: 64, height: 64)
    return (
      DescriptionEdit(components, precision: .f32),
      DescriptionEditRequest(generation, canvas: canvas, source: "a cat on the moon", strength: strength)
    )
  }

  @Test func theMaskIsWhereTheTextsDisagree() throws {
    let (edit, request) = try request()
    let cells = try EditTexts(edit, request, index: 0).differingCells(seed: 7)
    #expect(cells == (try EditFixtures().floats("diffedit.mask")).map { $0 > 0 })
  }

  /// 5e-4 of the range: the clean latents' deviation is 0.06, and the first GroupNorm enlarges their rounding errors by its
  /// inverse; the worst here is 1.4e-4, at the last step.
  @Test func thePictureIsTurnedBackIntoNoise() throws {
    let (edit, request) = try request()
    let states = try EditTexts(edit, request, index: 0).inverted(strength: 0.8)
    let stored = try EditFixtures().floats("diffedit.inverted")
    #expect(states.count == 9)
    for (step, state) in states.dropFirst().enumerated() {
      // The reference lists the noisiest first.
      let at = (7 - step) * state.count
      expectMatch(
        state.channelsFirstFloats(), Array(stored[at..<(at + state.count)]), tolerance: 5e-4, "state \(step + 1)")
    }
  }

  @Test func onlyTheMaskChanges() throws {
    let (edit, request) = try request()
    var evaluations: [Int] = []
    let (batch, masks) = try edit.generate(
      request,
      onProgress: { done, of in
        evaluations.append(done)
        #expect(of == 26)
      })
    #expect(evaluations == Array(1...26))
    let (before, after) = (try EditFixtures.picture(), ImageTensor.images(batch.pixels)[0])
    let mask = try #require(masks.first)
    var (outside, inside) = (0, 0)
    for pixel in 0..<(64 * 64) {
      let isChanged = (0..<3).contains { before.pixels[pixel * 3 + $0] != after.pixels[pixel * 3 + $0] }
      if isChanged { if mask.image.pixels[pixel] == 0 { outside += 1 } else { inside += 1 } }
    }
    #expect(outside == 0 && inside > 0)
  }

  /// Who wants the mask alone pays for nothing else.
  @Test func theMaskIsToldBeforeAnythingIsDrawn() throws {
    struct Enough: Error {}
    let (edit, request) = try request()
    let wanted = try #require(try edit.generate(request).masks.first)
    var found: Mask?
    var evaluations = 0
    #expect(throws: Enough.self) {
      _ = try edit.generate(
        request,
        onMask: { mask in
          found = mask
          throw Enough()
        }, onProgress: { _, _ in evaluations += 1 })
    }
    #expect(evaluations == DescriptionEdit.maps && found?.image == wanted.image)
  }

  @Test func neighboursChangeNothing() throws {
    let (edit, both) = try request(seeds: [7, 8], strength: 0.3)
    let (_, alone) = try request(seeds: [8], strength: 0.3)
    let last = try edit.generate(both).batch.latents.slice(axis: 0, from: 1, count: 1)
    #expect(try edit.generate(alone).batch.latents.floats() == last.floats())
  }

  @Test func whatCannotWorkIsRefused() throws {
    var (edit, request) = try request(strength: 0.01)
    #expect(throws: GenerationError.self) { try edit.generate(request) }
    let inpainting = try ReferencePipelines.components(ReferenceCase("inpaint_tiny_9ch"))
    (_, request) = try self.request()
    edit = DescriptionEdit(inpainting, precision: .f32)
    #expect(throws: GenerationError.self) { try edit.generate(request) }
  }
}
