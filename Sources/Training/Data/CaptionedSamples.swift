import Generation
import Images
import Models
import TensorCore

/// Samples with what is said about each.
package struct SampleBatch {
  /// `[B, h, w, C]`: pixels in ±1, or latents scaled for diffusion.
  package let samples: Tensor
  package let captions: [String]

  package init(samples: Tensor, captions: [String]) { (self.samples, self.captions) = (samples, captions) }
}

/// Pictures or their latents with captions, the last of them kept back for measuring.
package struct CaptionedSamples: BatchSource {
  /// Where they come from.
  package enum Content {
    /// Pictures brought to a size; half of them mirrored where that changes nothing of what is said.
    case pixels(any CaptionedImages, size: Int, mirrors: Bool)
    case latents(LatentCache)
  }

  let content: Content
  /// Examples at the end that no batch has.
  let heldBack: Int

  package init(content: Content, heldBack: Int) { (self.content, self.heldBack) = (content, heldBack) }

  private var total: Int {
    switch content {
    case .pixels(let data, _, _): data.count
    case .latents(let cache): cache.count
    }
  }

  package var count: Int { total - heldBack }

  /// Throws unless some are left to learn from.
  func check() throws {
    guard count > 0 else {
      throw TrainingError.noData(
        path: "validation", reason: "\(heldBack) examples are kept back for measuring, there are \(total)")
    }
  }

  package func batch(_ draws: [Draw], random: inout [ExampleRandom]) throws -> SampleBatch {
    switch content {
    case .latents(let cache):
      return SampleBatch(samples: cache.batch(draws.map(\.index)), captions: draws.map { cache.captions[$0.index] })
    case .pixels(let data, let size, let mirrors):
      var (images, captions) = ([Image](), [String]())
      for (row, draw) in draws.enumerated() {
        let example = try data.example(draw.index, size: size)
        let isMirrored = mirrors && random[row].uniform() < 0.5
        images.append(isMirrored ? example.image.flippedHorizontally() : example.image)
        captions.append(example.caption)
      }
      return SampleBatch(samples: ImageTensor.pack(images), captions: captions)
    }
  }

  /// Reads the examples kept back, a batch of at most `size` at a time; never mirrored.
  package func forEachHeldBack(
    _ size: Int, _ body: (_ draws: [Draw], _ batch: SampleBatch) throws -> Void
  ) throws {
    var still = self
    if case .pixels(let data, let side, _) = content {
      still = CaptionedSamples(content: .pixels(data, size: side, mirrors: false), heldBack: 0)
    }
    for start in stride(from: count, to: total, by: size) {
      let draws = (start..<min(start + size, total)).map { Draw(index: $0, epoch: 0) }
      var random: [ExampleRandom] = []
      try body(draws, try still.batch(draws, random: &random))
    }
  }
}
