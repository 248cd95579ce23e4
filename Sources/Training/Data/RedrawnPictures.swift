import DataSets
import Diffusion
import Foundation
import Generation
import Images
import ModelFiles
import Models
import TensorCore

/// How latents go through a text-to-image model before a decoder learns from them.
public struct RedrawnLatents: Codable, Sendable, Equatable {
  /// The folder of the model, which was trained on latents of the same encoder.
  public var model: String
  /// Of the pictures; the others' latents are as the encoder makes them.
  public var share: Float
  /// DDIM steps from pure noise on, of which only the last are run.
  public var steps: Int
  /// How many of these are run: the noise they begin with is what the model has to draw anew.
  public var last: Int
  public var guidance: Float

  var problem: RecipeProblem? {
    RecipeProblem.first([
      (share > 0 && share <= 1, "redrawn.share", "must be above 0, at most 1"),
      ((2...1000).contains(steps), "redrawn.steps", "must be 2 to 1000"),
      ((1..<max(steps, 2)).contains(last), "redrawn.last", "must be 1 or more, and less than redrawn.steps"),
      (guidance >= 1 && guidance <= 30, "redrawn.guidance", "must be 1 to 30"),
    ])
  }
}

/// Pictures beside latents that a text-to-image model has given back, so that a decoder learns to make pictures of what
/// such a model draws: outlines that it leaves soft, parts that it does not quite finish.
///
/// The picture's own latents are noised and drawn anew under its caption. From little noise they come back as the same picture with
/// the model's faults in it; what the decoder should make of them is then known.
struct RedrawnPictures: BatchSource {
  let whole: WholePictures
  /// Side of the windows that are learnt from; nil for whole pictures.
  let window: Int?
  private let settings: RedrawnLatents
  private let encoder: AutoencoderKL
  private let painter: TextToImage

  var count: Int { whole.count }

  /// - Parameter encoder: whose latents the model has learnt; it does not change.
  /// - Throws: if the model cannot be loaded, or has learnt the latents of another one.
  init(
    _ whole: WholePictures, window: Int?, _ settings: RedrawnLatents, encoder: AutoencoderKL, precision: Precision
  ) throws {
    (self.whole, self.window, self.settings, self.encoder) = (whole, window, settings, encoder)
    let components = try PipelineComponents(folder: URL(fileURLWithPath: settings.model))
    let sample = ImageTensor.pack([try whole.data.example(0, size: whole.size).image])
    guard case .kl(let own) = components.autoencoder, own.config.latentChannels == encoder.config.latentChannels,
      own.encode(sample).mean.floats() == encoder.encode(sample).mean.floats()
    else {
      throw TrainingError.noData(
        path: settings.model,
        reason: "has learnt the latents of another encoder than start_from's; name a model of this one")
    }
    painter = TextToImage(components, precision: precision)
  }

  func batch(_ draws: [Draw], random: inout [ExampleRandom]) throws -> PictureBatch {
    let examples = try whole.examples(draws)
    var latents = encoded(examples)
    let chosen = examples.indices.filter { random[$0].uniform() < settings.share }
    if !chosen.isEmpty {
      let seeds = chosen.map { UInt64(random[$0].integer(below: 1 << 24)) }
      latents = try redrawn(latents, chosen, of: examples, seeds: seeds)
    }
    guard let window else { return PictureBatch(pictures: ImageTensor.pack(examples.map(\.image)), latents: latents) }
    let scale = encoder.downscale
    var (pieces, parts) = ([Image](), [Tensor]())
    for (row, example) in examples.enumerated() {
      let place = DetailWindow(in: example.image, side: window).place(random[row].uniform())
      // Windows begin where latents do.
      let (x, y) = (place.x / scale, place.y / scale)
      pieces.append(example.image.cropped(x: x * scale, y: y * scale, width: window, height: window))
      let part = latents.slice(axis: 0, from: row, count: 1).slice(axis: 1, from: y, count: window / scale)
      parts.append(part.slice(axis: 2, from: x, count: window / scale))
    }
    return PictureBatch(pictures: ImageTensor.pack(pieces), latents: .concatenate(parts, axis: 0))
  }

  /// Whole pictures' latents, all of them drawn anew from the same noise each time.
  func previewed(_ examples: [CaptionedImage]) throws -> Tensor {
    let rows = Array(examples.indices)
    return try redrawn(encoded(examples), rows, of: examples, seeds: rows.map { UInt64($0) })
  }

  private func encoded(_ examples: [CaptionedImage]) -> Tensor {
    encoder.encode(ImageTensor.pack(examples.map(\.image)).cast(to: painter.precision.dtype)).mean.cast(to: .f32)
  }

  /// Latents of which some rows are drawn anew.
  private func redrawn(
    _ latents: Tensor, _ rows: [Int], of examples: [CaptionedImage], seeds: [UInt64]
  ) throws -> Tensor {
    let scaling = painter.components.autoencoder.scalingFactor
    let request = GenerationRequest(
      prompts: rows.map { examples[$0].caption }, steps: settings.steps, guidance: Guidance(scale: settings.guidance),
      sampler: .ddim, seeds: seeds, width: whole.size, height: whole.size)
    func row(_ x: Tensor, _ index: Int) -> Tensor { x.slice(axis: 0, from: index, count: 1) }
    let clean = Tensor.concatenate(rows.map { row(latents, $0) }, axis: 0) * scaling
    let made = try painter.redrawn(clean, last: settings.last, request) * (1 / scaling)
    var result = (0..<examples.count).map { row(latents, $0) }
    for (place, index) in rows.enumerated() { result[index] = row(made, place) }
    return .concatenate(result, axis: 0)
  }
}
