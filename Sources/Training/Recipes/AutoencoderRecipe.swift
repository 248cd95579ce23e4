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
/// neighbouring pixels' differences at two scales, which keeps outlines crisp; a small divergence term keeps latents near unit Gaussian.
public struct AutoencoderRecipe: Codable, Sendable {
  public var name: String
  public var data: DataRecipe
  /// Side of the training pictures.
  public var size: Int
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
  /// Weight of the divergence, per latent number.
  public var divergenceWeight: Float
  public var loop: LoopSettings

  enum CodingKeys: String, CodingKey {
    case name, data, size, model, frozen, precision, loop
    case startFrom = "start_from"
    case squareWeight = "square_weight"
    case edgeWeight = "edge_weight"
    case divergenceWeight = "divergence_weight"
  }
}

/// A run of an autoencoder recipe.
public struct AutoencoderTrainer {
  public let recipe: AutoencoderRecipe
  public let output: URL
  private let data: any CaptionedImages
  private let report: (String) -> Void

  /// - Parameter output: the run's folder; the finished model is written to `vae/` in it.
  public init(
    _ recipe: AutoencoderRecipe, output: URL, report: @escaping (String) -> Void
  ) throws {
    self.recipe = recipe
    self.output = output
    self.report = report
    data = try recipe.data.open(report: report)
  }

  /// Trains, or goes on training, then measures the scale of the latents and writes the model.
  public func run(shouldStop: @escaping () -> Bool = { false }) throws {
    let (model, parameters) = try start()
    let trained = parameters.filter(\.isTrainable)
    var state = TrainingState(
      trained, recipe.loop.optimizer, averageDecay: recipe.loop.averageDecay)
    var loop = TrainingLoop(
      recipe.loop, folder: output, fingerprint: try Fingerprint.of(recipe))
    loop.report = report
    loop.shouldStop = shouldStop
    report(
      "\(recipe.name): \(trained.reduce(0) { $0 + $1.value.count }) parameters, \(data.count) pictures")
    var order = EpochOrder(count: data.count, seed: recipe.loop.seed)
    try loop.run(
      &state,
      loss: { step, random in
        let images = try order.batch(step: step, size: recipe.loop.batch).map {
          try data.example($0, size: recipe.size).image
        }
        return loss(model, ImageTensor.pack(images), random: &random)
      },
      sample: { step in try writeSamples(model, step: step) })
    guard state.step == recipe.loop.steps else { return }
    if let average = state.average {
      try average.withAverage(trained) { try finish(model, parameters) }
    } else {
      try finish(model, parameters)
    }
  }

  /// The model as it is before the first step.
  private func start() throws -> (AutoencoderKL, [Parameter]) {
    let isTrainable = Frozen.rule(recipe.frozen)
    if let path = recipe.startFrom {
      return try ModelFolder(URL(fileURLWithPath: path)).load(isTrainable: isTrainable) { path, _ in
        AutoencoderKL(path, recipe.model)
      }
    }
    let store = ParameterStore(
      RandomInitialization(seed: recipe.loop.seed), isTrainable: isTrainable)
    let model = AutoencoderKL(store.root, recipe.model)
    Self.startLinear(store.parameters)
    Self.startWithLittleNoise(store.parameters, channels: recipe.model.latentChannels)
    return (model, store.parameters)
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

  /// The training loss of a batch of pictures in ±1.
  func loss(_ model: AutoencoderKL, _ images: Tensor, random: inout StepRandom) -> Tensor {
    let distribution = model.encode(images.cast(to: recipe.precision.dtype))
    let latents = distribution.sample(noise: random.normal(distribution.mean.shape))
    let decoded = model.decode(latents.cast(to: recipe.precision.dtype)).cast(to: .f32)
    let difference = decoded - images
    let perLatent = 1 / Float(distribution.mean.count)
    let divergence = distribution.divergence.sum(scale: perLatent * recipe.divergenceWeight)
    return difference.applying(.abs).mean() + difference.squared.mean() * recipe.squareWeight
      + Self.edgeError(difference) * recipe.edgeWeight + divergence
  }

  /// Mean absolute difference between pixels one and two apart, in both directions.
  static func edgeError(_ x: Tensor) -> Tensor {
    var total: Tensor?
    for axis in [1, 2] {
      for distance in [1, 2] {
        let length = x.shape[axis] - distance
        let step =
          x.slice(axis: axis, from: distance, count: length)
          - x.slice(axis: axis, from: 0, count: length)
        let term = step.applying(.abs).mean()
        total = total.map { $0 + term } ?? term
      }
    }
    return (total ?? .zeros([])) * 0.25
  }

  /// Writes pictures above their reconstructions, and says how close they are.
  private func writeSamples(_ model: AutoencoderKL, step: Int) throws {
    let images = try (0..<8).map { try data.example($0 % data.count, size: recipe.size).image }
    let input = ImageTensor.pack(images)
    let dtype = recipe.precision.dtype
    let output = model.decode(model.encode(input.cast(to: dtype)).mean.cast(to: dtype)).cast(to: .f32)
    let error = (output - input).squared.mean().scalar
    report(String(format: "step %d  reconstruction %.2f dB", step, -10 * log10(error / 4)))
    let grid = ImageGrid.make(
      images.map { $0.converted(toChannels: 3) } + ImageTensor.images(output), columns: 8, padding: 2)
    try ImageFile.save(
      grid, to: self.output.appendingPathComponent("samples-\(step).png"), text: [])
  }

  /// Whitens the latents if the encoder was trained, measures their scale and writes the model.
  private func finish(_ model: AutoencoderKL, _ parameters: [Parameter]) throws {
    let encoderIsNew = Frozen.rule(recipe.frozen)("encoder.conv_in.weight")
    if encoderIsNew, recipe.model.useQuantConv, recipe.model.usePostQuantConv {
      var whitening = LatentWhitening(channels: recipe.model.latentChannels)
      try forLatents(of: model) { whitening.add(mean: $0.mean, logVariance: $0.logVariance) }
      try whitening.fold(into: parameters)
    }
    var config = recipe.model
    config.sampleSize = recipe.size
    if encoderIsNew {
      config.scalingFactor = try measureScale(model)
    } else if let path = recipe.startFrom {
      config.scalingFactor = try ModelFolder(URL(fileURLWithPath: path)).decode(
        AutoencoderKLConfig.self
      ).scalingFactor
    }
    report("latent scaling factor \(config.scalingFactor)")
    try ModelFolder(output.appendingPathComponent("vae")).save(
      parameters, config: config, className: "AutoencoderKL", name: "diffusion_pytorch_model",
      dtype: .f16)
  }

  /// One over the deviation of the latents.
  private func measureScale(_ model: AutoencoderKL) throws -> Float {
    var (sum, squares, count) = (0.0, 0.0, 0)
    try forLatents(of: model) {
      sum += Double($0.mean.sum().scalar)
      squares += $0.mean.sumOfSquares
      count += $0.mean.count
    }
    let average = sum / Double(count)
    return Float(1 / (squares / Double(count) - average * average).squareRoot())
  }

  /// Encodes some of the data, a batch at a time.
  private func forLatents(of model: AutoencoderKL, _ body: (LatentDistribution) -> Void) throws {
    for start in stride(from: 0, to: min(data.count, 512), by: 16) {
      let images = try (start..<min(start + 16, data.count)).map {
        try data.example($0, size: recipe.size).image
      }
      body(model.encode(ImageTensor.pack(images).cast(to: recipe.precision.dtype)))
    }
  }
}

/// Which weights of a model a recipe leaves alone.
enum Frozen {
  static func rule(_ prefixes: [String]?) -> @Sendable (String) -> Bool {
    let prefixes = prefixes ?? []
    return { name in !prefixes.contains { name.hasPrefix($0) } }
  }
}

/// A short text that changes when a recipe does.
enum Fingerprint {
  static func of(_ value: some Encodable) throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys]
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    for byte in try encoder.encode(value) { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
    return String(hash, radix: 16)
  }
}
