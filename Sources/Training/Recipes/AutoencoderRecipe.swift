import Checkpoints
import Foundation
import Generation
import Images
import Models
import NN
import TensorCore

/// Trains an `AutoencoderKL` (Kingma & Welling 2014; Rombach et al. 2022, §3.1).
///
/// Reconstruction is the absolute error, which keeps flat colours flat, the squared error, and the absolute error of
/// neighbouring pixels' differences at two scales, which keeps outlines crisp; a small divergence term keeps latents near unit
/// Gaussian. A discriminator may be added.
public struct AutoencoderRecipe: TrainingRecipe {
  public static let kind = "autoencoder"

  public var name: String
  public var data: DataRecipe
  /// Side of the training pictures.
  public var size: Int
  /// Side of the square windows that are learnt from, cut where pictures have most detail; nil for whole pictures.
  public var window: Int?
  public var model: AutoencoderKLConfig
  /// The folder of an autoencoder to go on from instead of random weights.
  public var startFrom: String?
  /// Starts of the names of weights that stay as they are, such as `encoder.`: latents made before then stay valid.
  public var frozen: [String]?
  public var precision: Precision
  /// Weight of the squared error, which brings colours in fast.
  public var squareWeight: Float
  /// Weight of the edge terms.
  public var edgeWeight: Float
  /// The pull of a discriminator that learns beside it, as a share of the reconstruction's: outlines that the
  /// errors blur become crisp (Esser et al. 2021). nil for none.
  public var adversarialWeight: Float?
  /// Weight of the divergence, per latent number.
  public var divergenceWeight: Float
  /// The most noise in the latents that the decoder is trained on, as a multiple of their deviation; nil for none.
  public var latentNoise: Float?
  /// Latents that a text-to-image model has drawn anew, for a decoder that learns on; nil for none.
  public var redrawn: RedrawnLatents?
  /// How much of the weights it went on from stays in what is written, which lies on the line between them and those learnt: what was
  /// learnt before is forgotten less than half of what is new is given up (Wortsman et al. 2022, WiSE-FT). nil for none.
  public var keep: Float?
  /// The share of pictures that are made smaller or mirrored together with their latents; nil for none.
  public var equivariance: Float?
  /// How the latents' axes are chosen in the end; nil for `white`.
  public var latentAxes: LatentAxes?
  public var loop: LoopSettings

  enum CodingKeys: String, CodingKey {
    case name, data, size, window, model, frozen, precision, loop
    case startFrom = "start_from"
    case squareWeight = "square_weight"
    case edgeWeight = "edge_weight"
    case adversarialWeight = "adversarial_weight"
    case divergenceWeight = "divergence_weight"
    case latentNoise = "latent_noise"
    case equivariance, redrawn, keep
    case latentAxes = "latent_axes"
  }
}

extension AutoencoderRecipe {
  public var problem: RecipeProblem? {
    let downscaling = 1 << (model.blockOutChannels.count - 1)
    let rules: [RecipeProblem.Rule] = [
      ((8...4096).contains(size), "size", "must be 8 to 4096"),
      (size % downscaling == 0, "size", "must be a multiple of the downscaling"),
      (
        window.map { $0 % DetailWindow.step == 0 && $0 % downscaling == 0 && (8...size).contains($0) } ?? true,
        "window", "must be a multiple of the downscaling and of \(DetailWindow.step), at most the size"
      ),
      (
        window == nil || size % DetailWindow.step == 0, "size",
        "must be a multiple of \(DetailWindow.step) where there are windows"
      ),
      (
        [squareWeight, edgeWeight, divergenceWeight].allSatisfy { $0 >= 0 && $0.isFinite }, "square_weight",
        "and the other weights must not be negative"
      ),
      (
        adversarialWeight.map { $0 > 0 && $0 <= 10 } ?? true, "adversarial_weight",
        "must be above 0, at most 10; leave it out for no discriminator"
      ),
      (
        adversarialWeight == nil || (window ?? size) % 8 == 0, "adversarial_weight",
        "needs pictures whose sides are multiples of 8"
      ),
      ((0...1).contains(latentNoise ?? 0), "latent_noise", "must be 0 to 1"),
      ((0...1).contains(equivariance ?? 0), "equivariance", "must be 0 to 1"),
      (keep.map { $0 > 0 && $0 < 1 } ?? true, "keep", "must be above 0 and below 1"),
      (
        keep == nil || startFrom != nil && leavesEncoder, "keep", "needs start_from and frozen: [encoder., quant_conv.]"
      ),
      (
        redrawn == nil || startFrom != nil && equivariance == nil && leavesEncoder, "redrawn",
        "is for a decoder that goes on: with start_from, frozen: [encoder., quant_conv.] and without equivariance"
      ),
      (
        latentAxes == nil || model.useQuantConv && model.usePostQuantConv, "latent_axes",
        "needs use_quant_conv and use_post_quant_conv, which take the change of axes"
      ),
    ]
    return data.problem ?? PrecisionProblem.of(precision) ?? RecipeProblem.first(rules) ?? redrawn?.problem
  }

  /// Trains, or goes on training, then measures the scale of the latents and writes the model to `vae/`.
  public func run(in folder: URL, _ context: RunContext) throws {
    let data = try data.open(note: context.note)
    let (model, parameters) = try start()
    let objective = AutoencoderObjective(model, parameters.filter(\.isTrainable), self)
    context.note("\(name): \(objective.groups[0].size) parameters, \(data.count) pictures")
    var artifact = TrainedAutoencoder(
      recipe: self, model: model, parameters: parameters, data: data, folder: folder, note: context.note)
    let whole = WholePictures(data: data, size: size)
    if let redrawn {
      let source = try RedrawnPictures(whole, window: window, redrawn, encoder: model, precision: precision)
      artifact.redrawn = source
      try train(source, objective, artifact, in: folder, context)
    } else if let window {
      try train(PictureWindows(whole: whole, side: window), objective, artifact, in: folder, context)
    } else {
      try train(whole, objective, artifact, in: folder, context)
    }
  }

  /// Whether latents stay as they are.
  private var leavesEncoder: Bool {
    let isTrainable = Frozen.rule(frozen)
    return !isTrainable("encoder.conv_in.weight") && !isTrainable("quant_conv.weight")
  }

  private func train(
    _ source: some BatchSource<PictureBatch>, _ objective: AutoencoderObjective, _ artifact: TrainedAutoencoder,
    in folder: URL, _ context: RunContext
  ) throws {
    try TrainingRun(
      loop, in: RunFolder(folder), identity: identity(), source: source, objective: objective, artifact: artifact,
      optimizer: loop.optimizerSettings(precision.dtype), context
    ).run()
  }

  /// The model as it is before the first step.
  private func start() throws -> (AutoencoderKL, [Parameter]) {
    let isTrainable = Frozen.rule(frozen)
    if let path = startFrom {
      return try ModelFolder(URL(fileURLWithPath: path)).load(isTrainable: isTrainable) { path, _ in
        AutoencoderKL(path, model)
      }
    }
    let store = ParameterStore(
      RandomInitialization(seed: loop.seed), isTrainable: isTrainable)
    let network = AutoencoderKL(store.root, model)
    Self.startLinear(store.parameters)
    Self.startWithLittleNoise(store.parameters, channels: model.latentChannels)
    return (network, store.parameters)
  }

  /// Starts every residual branch at zero and the other convolutions at unit gain (Goyal et al. 2017, §5.1; He et al. 2015):
  /// at first the network is one linear map through the shortcuts, which finds colours in a few hundred steps.
  private static func startLinear(_ parameters: [Parameter]) {
    for parameter in parameters where parameter.shape.count > 1 {
      let isBranchEnd =
        parameter.name.hasSuffix("conv2.weight") || parameter.name.hasSuffix("to_out.0.weight")
      parameter.replace(with: parameter.value.scaled(by: isBranchEnd ? 0 : Float(3).squareRoot()))
    }
  }

  /// Sets the encoder's first log variances to about −8. At their usual start, 0, the sampled noise drowns the latents
  /// and thousands of steps go by before colours come through.
  private static func startWithLittleNoise(_ parameters: [Parameter], channels: Int) {
    let name = parameters.contains { $0.name == "quant_conv.bias" } ? "quant_conv.bias" : "encoder.conv_out.bias"
    guard let bias = parameters.first(where: { $0.name == name }) else { return }
    var values = bias.value.floats()
    for i in channels..<(2 * channels) { values[i] = -8 }
    bias.replace(with: Tensor(values, shape: bias.shape))
  }
}

/// Which weights of a model a recipe leaves alone.
enum Frozen {
  static func rule(_ prefixes: [String]?) -> @Sendable (String) -> Bool {
    let prefixes = prefixes ?? []
    return { name in !prefixes.contains { name.hasPrefix($0) } }
  }
}
