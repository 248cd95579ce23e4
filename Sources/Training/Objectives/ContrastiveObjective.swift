import Foundation
import Generation
import Models
import NN
import TensorCore
import Tokenizers

/// Noisy samples and their captions brought together, and apart from the batch's others (Radford et al. 2021, figure 3):
/// cross-entropy over the rows and over the columns of all scaled cosines.
///
/// Captions that stand in a batch more than once share what they should say, so that equals are not pushed apart. The others
/// are those of one batch: gathering gradients over several gives no more of them.
package struct ContrastiveObjective: Objective {
  let image: EncoderUNet2DModel
  let text: CLIPTextModel
  let tokenizer: CLIPTokenizer
  /// Logarithm of the scale of cosines, above its start.
  let temperature: Parameter
  let noising: SampleNoising
  package let groups: [ParameterGroup]
  /// Each picture is told from the others of its batch.
  package let isMeanOfExamples = false

  package init(
    image: EncoderUNet2DModel, text: CLIPTextModel, tokenizer: CLIPTokenizer, temperature: Parameter,
    noising: SampleNoising, groups: [ParameterGroup]
  ) {
    (self.image, self.text, self.tokenizer) = (image, text, tokenizer)
    (self.temperature, self.noising, self.groups) = (temperature, noising, groups)
  }

  /// The scale's start, and the largest there may be (Radford et al. 2021, §2.5).
  private static let (start, largest): (Float, Float) = (1 / 0.07, 100)

  package func loss(_ batch: SampleBatch, random: inout [ExampleRandom]) throws -> Tensor {
    let (samples, timesteps) = noising.apply(batch.samples, random: &random)
    return loss(ofSimilarities: similarities(samples, timesteps: timesteps, batch.captions), batch.captions)
  }

  /// The loss of scaled cosines of samples and their captions.
  package func loss(ofSimilarities cosines: Tensor, _ captions: [String]) -> Tensor {
    let targets = Self.targets(captions)
    return (cosines.crossEntropy(targets) + cosines.permuted([1, 0]).crossEntropy(targets)) * 0.5
  }

  /// Scaled cosines of samples (rows) and captions (columns), float32.
  package func similarities(_ samples: Tensor, timesteps: [Float], _ captions: [String]) -> Tensor {
    let ids = captions.map { tokenizer.encode($0, length: text.config.positionCount) }
    let texts = text(ids, dtype: noising.dtype).pooled.cast(to: .f32).unitRows
    let images = image(samples, timesteps: timesteps).cast(to: .f32).unitRows
    return images.matmul(texts, transposeB: true) * scale.reshaped([1, 1])
  }

  private var scale: Tensor {
    let most = log(Self.largest / Self.start)
    return temperature.tensor.clamped(-10, most).applying(.exp) * Self.start
  }

  /// The scale learnt so far.
  var logitScale: Float { min(exp(temperature.value.floats()[0]) * Self.start, Self.largest) }

  /// Which captions each sample should be close to, rows summing to 1.
  static func targets(_ captions: [String]) -> Tensor {
    let counts = Dictionary(captions.map { ($0, 1) }, uniquingKeysWith: +)
    let values = captions.flatMap { row in
      captions.map { $0 == row ? 1 / Float(counts[row, default: 1]) : 0 }
    }
    return Tensor(values, shape: [captions.count, captions.count])
  }
}
