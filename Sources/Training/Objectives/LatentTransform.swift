import Images
import TensorCore

/// A change of a picture that its latents should follow: made smaller, mirrored, or both.
///
/// A decoder that must draw the changed picture from the changed latents makes latents whose neighbourhoods mean the same
/// everywhere, which a denoiser learns sooner (EQ-VAE, Kouzelis et al. 2025, arXiv 2502.09509, eq. 5).
package struct LatentTransform: Equatable {
  /// Latents along a side afterwards.
  package let side: Int
  package let isMirrored: Bool

  package init(side: Int, isMirrored: Bool) { (self.side, self.isMirrored) = (side, isMirrored) }

  /// Half of `side` to all of it, mirrored half of the time.
  init(of side: Int, _ random: inout ExampleRandom) {
    isMirrored = random.uniform() < 0.5
    let least = (side + 1) / 2
    self.side = least + random.integer(below: side - least + 1)
  }

  /// `[1, h, h, C]` to `[1, h', h', C]`, where `h' / h` is as for the latents.
  /// - Parameter scale: pixels a latent is wide; 1 for latents.
  package func callAsFunction(_ x: Tensor, scale: Int = 1) -> Tensor {
    let (old, new, channels) = (x.shape[1], side * scale, x.shape[3])
    let rows = ResizeFilter.bilinear.matrix(from: old, to: new)
    var columns = rows
    if isMirrored {
      for start in stride(from: 0, to: rows.count, by: old) {
        columns.replaceSubrange(start..<start + old, with: rows[start..<start + old].reversed())
      }
    }
    let (down, across) = (Tensor(rows, shape: [1, new, old]), Tensor(columns, shape: [1, new, old]))
    let shorter = down.matmul(x.reshaped([1, old, old * channels])).reshaped([new, old, channels])
    return across.matmul(shorter).reshaped([1, new, new, channels])
  }
}
