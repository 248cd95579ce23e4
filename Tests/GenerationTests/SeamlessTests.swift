import Generation
import Models
import NN
import PipelineSupport
import ReferenceSupport
import TensorCore
import TestSupport
import Testing

/// Pictures that fit together with themselves.
@Suite struct SeamlessTests {
  /// Rolls `[B, H, W, C]` down and to the right.
  private func rolled(_ x: Tensor, _ down: Int, _ right: Int) -> Tensor {
    var result = x
    for (axis, distance) in [(1, down), (2, right)] where distance > 0 {
      let size = x.shape[axis]
      result = Tensor.concatenate(
        [
          result.slice(axis: axis, from: size - distance, count: distance),
          result.slice(axis: axis, from: 0, count: size - distance),
        ], axis: axis)
    }
    return result
  }

  /// Against torch's circular padding; 1e-5 of the range, rounding of some fifty layers.
  @Test func networksAgreeWithTheReference() throws {
    let (fixtures, components) = (try EditFixtures(), try EditFixtures.components())
    let x = try fixtures.image("tiling.x")
    try ImageEdges.$current.withValue(.wrapped) {
      let noise = components.network(
        x, timesteps: [500], NetworkConditioning(context: try fixtures.tensor("tiling.context")))
      expectMatch(noise.channelsFirstFloats(), try fixtures.floats("tiling.unet"), tolerance: 1e-5, "U-Net")
      let picture = components.autoencoder.decode(x)
      expectMatch(picture.channelsFirstFloats(), try fixtures.floats("tiling.decoded"), tolerance: 1e-5, "decoder")
    }
  }

  /// On a torus there is no corner: moving the latents moves the picture.
  @Test func thereIsNoSeam() throws {
    let (fixtures, components) = (try EditFixtures(), try EditFixtures.components())
    let x = try fixtures.image("tiling.x")
    let moved = rolled(x, 5, 9)
    func decode(_ edges: ImageEdges, _ x: Tensor) -> Tensor {
      ImageEdges.$current.withValue(edges) { components.autoencoder.decode(x) }
    }
    let scale = components.autoencoder.downscale
    // Sums in another order: rounding only.
    expectClose(
      decode(.wrapped, moved), rolled(decode(.wrapped, x), 5 * scale, 9 * scale), atol: 1e-4, "wrapped")
    let zeros = zip(decode(.zeros, moved).floats(), rolled(decode(.zeros, x), 5 * scale, 9 * scale).floats())
    #expect(zeros.map { abs($0 - $1) }.max() ?? 0 > 0.01, "padding with zeros does show")
  }

  @Test func aRequestAsksForIt() throws {
    let pipeline = TextToImage(try EditFixtures.components(), precision: .f32)
    var request = ReferencePipelines.shortRequest(seeds: [42], prompts: ["a cat on the moon"])
    let plain = try pipeline.generate(request).latents.floats()
    request.isSeamless = true
    #expect(try pipeline.generate(request).latents.floats() != plain)
  }
}
