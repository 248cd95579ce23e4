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
  public var precision: Precision
  /// Weight of the squared error, which brings colours in fast.
  public var squareWeight: Float
  /// Weight of the edge terms.
  public var edgeWeight: Float
  /// Weight of the divergence, per latent number.
  public var divergenceWeight: Float
  public var loop: LoopSettings

  enum CodingKeys: String, CodingKey {
    case name, data, size, model, precision, loop
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
    let store = ParameterStore(RandomInitialization(seed: recipe.loop.seed), isTrainable: { _ in true })
    let model = AutoencoderKL(store.root, recipe.model)
    let parameters = store.parameters
    Self.startLinear(parameters)
    Self.startWithLittleNoise(parameters, channels: recipe.model.latentChannels)
    var state = TrainingState(
      parameters, recipe.loop.optimizer, averageDecay: recipe.loop.averageDecay)
    var loop = TrainingLoop(
      recipe.loop, folder: output, fingerprint: try Fingerprint.of(recipe))
    loop.report = report
    loop.shouldStop = shouldStop
    report(
      "\(recipe.name): \(parameters.reduce(0) { $0 + $1.value.count }) parameters, \(data.count) pictures")
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
      try average.withAverage(parameters) { try finish(model, parameters) }
    } else {
      try finish(model, parameters)
    }
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

  /// Measures the latents' deviation over the data and writes the model with it as scaling factor.
  private func finish(_ model: AutoencoderKL, _ parameters: [Parameter]) throws {
    var (sum, squares, count) = (0.0, 0.0, 0)
    for start in stride(from: 0, to: min(data.count, 512), by: 16) {
      let images = try (start..<min(start + 16, data.count)).map {
        try data.example($0, size: recipe.size).image
      }
      let mean = model.encode(ImageTensor.pack(images).cast(to: recipe.precision.dtype)).mean
      sum += Double(mean.sum().scalar)
      squares += mean.sumOfSquares
      count += mean.count
    }
    let average = sum / Double(count)
    var config = recipe.model
    config.sampleSize = recipe.size
    config.scalingFactor = Float(1 / (squares / Double(count) - average * average).squareRoot())
    report("latent scaling factor \(config.scalingFactor)")
    try ModelFolder(output.appendingPathComponent("vae")).save(
      parameters, config: config, className: "AutoencoderKL", name: "diffusion_pytorch_model",
      dtype: .f16)
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
