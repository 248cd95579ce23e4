import Conditioning
import Diffusion
import Models
import NN
import TensorCore

/// A change from what one text says to what another says, wherever in the picture the two differ.
public struct DescriptionEditRequest: Sendable {
  /// The prompts say what the results show. The sampler is DDIM, whose runs can be turned back.
  public let generation: GenerationRequest
  /// The picture; a mask of its own is not used.
  public let canvas: EditCanvas
  /// What the picture shows now; may be empty.
  public let source: String
  /// The share of the steps that are turned back and run again.
  public let strength: Double

  public init(_ generation: GenerationRequest, canvas: EditCanvas, source: String, strength: Double = 0.8) {
    var sized = generation
    (sized.width, sized.height) = (canvas.width, canvas.height)
    (sized.sampler, sized.eta) = (.ddim, 0)
    (self.generation, self.canvas, self.source, self.strength) = (sized, canvas, source, strength)
  }
}

/// Edits by description without a mask: DiffEdit (Couairon et al. 2022).
///
/// The mask is where the network's predictions for the two texts differ; the picture is turned back into noise by DDIM under
/// the source text, and run forward under the target text inside the mask, held to the way back outside.
public struct DescriptionEdit: Sendable {
  public let components: PipelineComponents
  public let precision: Precision
  /// Words that stand for vectors of their own.
  public var embeddings: [TextualInversion] = []
  /// Noises over which the predictions' difference is averaged.
  public static let maps = 10
  /// How far the picture is noised to compare the predictions.
  static let mapStrength = 0.5
  /// Differences are cut off at so many times their mean, and the upper half of what is left is the mask.
  static let cutOff = 3.0

  public init(_ components: PipelineComponents, precision: Precision) {
    self.components = components
    self.precision = precision
  }

  /// Edits one picture for each seed.
  /// - Parameters:
  ///   - onMask: told the mask of each, of the results' size, before anything is drawn in it; throw to stop.
  ///   - onProgress: called after each evaluation of the network; throw to stop.
  /// - Returns: the results, and the mask found for each, of the results' size.
  public func generate(
    _ request: DescriptionEditRequest, onMask: (Mask) throws -> Void = { _ in },
    onProgress: (_ done: Int, _ of: Int) throws -> Void = { _, _ in }
  ) throws -> (batch: GeneratedBatch, masks: [Mask]) {
    let generation = request.generation
    try ImageToImageRequest(generation, canvas: request.canvas, strength: request.strength).validate()
    try components.autoencoder.requireEncoder()
    guard try components.knownKind() == .plain else {
      throw GenerationError.unsupported(
        what: "\(components.name) paints inside masks only: give `mask`, or use a plain model to find one")
    }
    guard generation.classGuidance == nil, generation.guideScale == nil else {
      throw GenerationError.unsupported(
        what: "`classifier` and `guide` do not go with an edit that finds its mask: give `mask`")
    }
    try components.check(generation)
    let run = StepCounting.share.counts(steps: generation.steps, strength: request.strength).run
    let count = (Self.maps + 2 * run) * generation.seeds.count
    var done = 0
    func step() throws {
      done += 1
      try onProgress(done, count)
    }
    return try ImageEdges.$current.withValue(generation.isSeamless ? .wrapped : .zeros) {
      var results: [(latents: Tensor, pixels: Tensor, mask: Mask)] = []
      for index in generation.seeds.indices {
        let texts = try EditTexts(self, request, index: index)
        let cells = try texts.differingCells(seed: generation.seeds[index], onStep: step)
        guard cells.contains(true) else {
          throw GenerationError.unsupported(
            what: "the two texts make no difference to this picture: name what is there with `source`, or give `mask`")
        }
        let canvas = request.canvas.masked(cells: cells, downscale: components.autoencoder.downscale)
        let mask = canvas.mask ?? Mask(width: 1, height: 1, filledWith: 255)
        try onMask(mask)
        let latents = try texts.edited(cells, strength: request.strength, onStep: step)
        results.append((latents, canvas.finished(try texts.target.codec.decode(latents)), mask))
      }
      return (
        GeneratedBatch(
          pixels: Tensor.concatenate(results.map(\.pixels), axis: 0),
          latents: Tensor.concatenate(results.map(\.latents), axis: 0)), results.map(\.mask)
      )
    }
  }
}
