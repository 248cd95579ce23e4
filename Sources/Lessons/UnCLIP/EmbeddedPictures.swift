import DataSets
import Foundation
import Generation
import TensorCore
import Training

/// Pictures with their captions and with their embeddings by a contrastive model, which are computed once and held in
/// memory; the last of them are kept back for measuring.
package struct EmbeddedPictures {
  package let data: any CaptionedImages
  package let captions: [String]
  /// One after the other.
  private let numbers: [Float]
  package let width: Int
  package let heldBack: Int

  /// - Returns: nil if the run was told to stop meanwhile.
  package init?(
    _ data: any CaptionedImages, _ model: ContrastiveModel, heldBack: Int, _ context: RunContext
  ) throws {
    guard data.count > heldBack else {
      throw TrainingError.noData(
        path: "validation", reason: "\(heldBack) examples are kept back for measuring, there are \(data.count)")
    }
    context.note("\(data.count) pictures are embedded first")
    var (captions, numbers) = ([String](), [Float]())
    for first in stride(from: 0, to: data.count, by: Self.batch) {
      if context.shouldStop() {
        context.note("stopped while pictures were embedded; run again to go on")
        return nil
      }
      let examples = try (first..<min(first + Self.batch, data.count)).map {
        try data.example($0, size: model.image.config.sampleSize)
      }
      captions += examples.map(\.caption)
      numbers += model.embedding(ofPictures: ImageTensor.pack(examples.map(\.image))).floats()
    }
    (self.data, self.captions, self.numbers) = (data, captions, numbers)
    (self.width, self.heldBack) = (model.width, heldBack)
  }

  /// Pictures embedded together.
  private static let batch = 64

  /// Examples to learn from.
  package var count: Int { captions.count - heldBack }
  /// Those kept back.
  package var heldBackIndices: Range<Int> { count..<captions.count }

  /// Embeddings of some examples, `[n, P]` of length 1.
  package func embeddings(_ indices: some Collection<Int>) -> Tensor {
    Tensor(indices.flatMap { numbers[($0 * width)..<(($0 + 1) * width)] }, shape: [indices.count, width])
  }

  /// Pictures of some examples, `[n, side, side, 3]` in ±1.
  package func pictures(_ indices: some Collection<Int>, side: Int) throws -> Tensor {
    ImageTensor.pack(try indices.map { try data.example($0, size: side).image })
  }

  /// Mean and deviation of the embeddings that are learnt from, `[1, P]` each.
  package var statistics: (mean: Tensor, deviation: Tensor) {
    let all = embeddings(0..<count)
    let mean = all.mean(axes: [0]).reshaped([1, width])
    let variance = (all - mean).squared.mean(axes: [0]).reshaped([1, width])
    return (mean, variance.scaled(by: 1, plus: 1e-8).applying(.sqrt))
  }

  /// For an example, another one to learn from with the same caption; nil where there is none.
  package func twin(of index: Int) -> Int? {
    captions.indices.first { $0 < count && $0 != index && captions[$0] == captions[index] }
  }
}
