import Conditioning
import Diffusion
import Evaluation
import Foundation
import Generation
import Images
import Models
import NN
import TensorCore
import Training

/// An inpainting model in a run's folder.
final class TrainedInpainting: Artifact {
  private let recipe: InpaintingRecipe
  private let base: LearningModel
  private let learner: LearningModel.UNet
  private let latents: LatentCache
  private let source: CachedLatents
  private let objective: LatentObjective
  private let folder: URL
  private let note: (String) -> Void
  /// What was measured at the end, a line each.
  private(set) var report: [String] = []
  /// The loss on pictures held back, as a share of that where the network is shown none of the picture.
  private(set) var shareOfBlind: Double?
  /// Pictures of a sample grid, and those the loss is measured on.
  private static let (shown, measured) = (8, 32)

  init(
    recipe: InpaintingRecipe, base: LearningModel, learner: LearningModel.UNet,
    latents: LatentCache, source: CachedLatents, objective: LatentObjective, folder: URL,
    note: @escaping (String) -> Void
  ) {
    (self.recipe, self.base, self.learner, self.latents) = (recipe, base, learner, latents)
    (self.source, self.objective, self.folder, self.note) = (source, objective, folder, note)
  }

  private var model: PipelineComponents { base.with(learner.network, name: recipe.name) }
  private var heldBack: Range<Int> { source.count..<latents.count }

  // MARK: - Loss

  var gaugeInterval: Int? { recipe.measureEvery }

  func gauges(step: Int) throws -> [String: Double] {
    ["held_back_loss": try loss(isBlind: false), "held_back_blind_loss": try loss(isBlind: true)]
  }

  /// The loss on pictures held back.
  /// - Parameter isBlind: whether the network is shown none of the picture: a mask over all of it.
  private func loss(isBlind: Bool) throws -> Double {
    let codec = LatentCodec(base.components.autoencoder, precision: recipe.precision)
    let side = base.components.defaultSize
    let grey = codec.scaled(try codec.distribution(.zeros([1, side, side, 3])).mean).cast(to: .f32)
    let nothing = Tensor.concatenate(
      [Tensor(repeating: 1, shape: Array(grey.shape[..<3]) + [1]), grey], axis: 3)
    return try ValidationLoss(objective, pictures: min(Self.measured, recipe.heldBack), levels: 5) { [source] picture in
      { random in
        var told = source
        told.captionDropout = 0
        var batch = told.batch([Draw(index: source.count + picture, epoch: 0)], random: &random)
        if isBlind { batch.joined = nothing }
        return batch
      }
    }.measure()
  }

  // MARK: - Pictures

  func preview(step: Int) throws -> [URL] {
    let holes = try HolePictures(recipe, size: base.components.defaultSize, latents)
    let places = holes.places(heldBack, limit: Self.shown)
    let examples = try places.map { try holes.example($0) }
    let made = try examples.map { try filled($0, by: model) }
    let rows = examples.map(\.cut) + made + examples.map(\.image)
    return [try SampleGrid.save(rows, columns: examples.count, step: step, in: folder)]
  }

  private func filled(_ example: HolePictures.Example, by components: PipelineComponents) throws -> Image {
    try example.filled(
      by: components, precision: recipe.precision, steps: recipe.sampleSteps, guidance: recipe.sampleGuidance)
  }

  func write(step: Int, isLast: Bool) throws -> [URL] {
    let target = folder.appendingPathComponent("model")
    try DiffusersFolder.write(
      target, like: base.folder, className: "StableDiffusionInpaintPipeline",
      unet: (learner.parameters, learner.network.config), scheduler: base.components.scheduler)
    guard isLast else { return [target] }
    return [target, try compare()]
  }

  /// Fills holes by the model as it was, through its latents, and by the trained one, and judges both.
  /// - Returns: the picture of the first ones.
  private func compare() throws -> URL {
    let (with, blind) = (try loss(isBlind: false), try loss(isBlind: true))
    shareOfBlind = with / blind
    report = [
      String(format: "loss on pictures held back %.4f, %.4f with none of the picture shown", with, blind)
    ]
    let holes = try HolePictures(recipe, size: base.components.defaultSize, latents)
    let judged = try recipe.judge.map { settings in
      (settings, scenes: try KnownScenes(recipe.data, size: base.components.defaultSize, cache: latents))
    }
    let places =
      try judged.map { try $0.scenes.single(heldBack, limit: $0.0.drawn) }
      ?? holes.places(heldBack, limit: Self.shown)
    let examples = try places.map { try holes.example($0) }
    let before = try examples.map { try filled($0, by: base.components) }
    let after = try examples.map { try filled($0, by: model) }
    let changed = zip(examples, after).reduce(0) { $0 + $1.0.changedOutside($1.1) }
    report.append("\(changed) pixels outside the holes of \(examples.count) pictures changed")
    let seams = [before, after, examples.map(\.image)].map { images in
      zip(examples, images).reduce(0) { $0 + $1.0.seam($1.1) } / Double(examples.count)
    }
    report.append(
      String(
        format: "across the holes' edges colours change by %.1f levels of 255 before, %.1f after, %.1f in the pictures",
        seams[0], seams[1], seams[2]))
    if let (settings, scenes) = judged {
      let learnt = try scenes.single(0..<source.count, limit: settings.learnt)
      let judge = try SceneJudge(
        scenes.judged(learnt) { try holes.example(learnt[$0]).hole(of: nil) }, network: settings.network)
      func share(_ images: [Image]) throws -> String {
        let pictures = scenes.judged(places) { examples[$0].hole(of: images[$0]) }
        guard let found = judge.share(try judge.features(pictures)) else { return "unknown" }
        return String(format: "%.2f (%.2f to %.2f)", found.value, found.low, found.high)
      }
      report.append(
        "the judge finds the thing that was named in \(try share(after)) of \(places.count) holes filled after, "
          + "\(try share(before)) before, and \(try share(examples.map(\.image))) of the pictures' own")
    }
    let rows = [examples.map(\.cut), before, after, examples.map(\.image)].flatMap { $0.prefix(Self.shown) }
    let url = folder.appendingPathComponent("samples.png")
    try ImageFile.save(
      ImageGrid.make(rows, columns: min(Self.shown, examples.count), padding: 2), to: url, text: [])
    return url
  }
}
