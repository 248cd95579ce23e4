import Models
import NN
import ReferenceSupport
import TensorCore
import TestSupport
import Testing

/// Large pictures in bands of rows: the same as whole.
@Suite struct BandedAutoencoderTests {
  /// Budgets that keep everything and nothing, bands of eight rows and of one piece.
  private static let settings: [(budget: Int, band: Int)] = [(1 << 30, 1), (0, 1), (1 << 30, 1 << 30), (0, 20_000)]

  private func latents(height: Int, width: Int) -> Tensor {
    var random = TestRandom(seed: 3)
    return random.tensor([1, height, width, 4])
  }

  /// 1e-5 of the range: statistics are summed in another order, and convolutions tile an image elsewhere.
  @Test(arguments: [ImageEdges.zeros, .wrapped])
  func decodesTheSame(edges: ImageEdges) throws {
    let model = try ReferenceCase("sd1_tiny").autoencoder()
    for (height, width) in [(16, 24), (21, 9)] {
      let z = latents(height: height, width: width)
      try ImageEdges.$current.withValue(edges) {
        let whole = model.decode(z)
        for (budget, band) in Self.settings {
          let banded = model.decodeInBands(z, budget: budget, bandBytes: band)
          try #require(banded.shape == whole.shape)
          expectMatch(
            banded.floats(), whole.floats(), tolerance: 1e-5, "\(height)×\(width), budget \(budget), band \(band)")
        }
      }
    }
  }

  @Test(arguments: [ImageEdges.zeros, .wrapped])
  func encodesTheSame(edges: ImageEdges) throws {
    let model = try ReferenceCase("sd1_tiny").autoencoder()
    var random = TestRandom(seed: 4)
    let picture = random.tensor([1, 48, 40, 3]) * 0.5
    try ImageEdges.$current.withValue(edges) {
      let whole = model.encode(picture)
      for (budget, band) in Self.settings {
        let banded = model.encodeInBands(picture, budget: budget, bandBytes: band)
        try #require(banded.mean.shape == whole.mean.shape)
        expectMatch(banded.mean.floats(), whole.mean.floats(), tolerance: 1e-5, "mean, budget \(budget)")
        expectMatch(
          banded.logVariance.floats(), whole.logVariance.floats(), tolerance: 1e-5, "variance, budget \(budget)")
      }
    }
  }

  /// bf16 keeps 8 bits; both ways round the same values, but a statistic's last bit decides some of them: 2 % of the range.
  @Test func decodesTheSameInBF16() throws {
    let model = try ReferenceCase("sd1_tiny").autoencoder()
    let z = latents(height: 16, width: 24).cast(to: .bf16)
    expectMatch(
      model.decodeInBands(z, budget: 0, bandBytes: 1).floats(), model.decode(z).floats(), tolerance: 0.02, "bf16")
  }
}
