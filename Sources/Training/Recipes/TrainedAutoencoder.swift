import Checkpoints
import Foundation
import Generation
import Images
import Models
import NN
import TensorCore

/// An autoencoder in a run's folder.
struct TrainedAutoencoder: Artifact {
  let recipe: AutoencoderRecipe
  let model: AutoencoderKL
  let parameters: [Parameter]
  let data: any CaptionedImages
  /// Where the decoder learns from latents that were drawn anew.
  var redrawn: RedrawnPictures?
  let folder: URL
  let note: (String) -> Void

  /// Writes pictures above their reconstructions, and those above what their redrawn latents give; says how close they are.
  func preview(step: Int) throws -> [URL] {
    guard step > 0 else { return [] }
    let examples = try (0..<8).map { try data.example($0 % data.count, size: recipe.size) }
    let input = ImageTensor.pack(examples.map(\.image))
    let dtype = recipe.precision.dtype
    var pictures = examples.map { $0.image.converted(toChannels: 3) }
    func show(_ latents: Tensor, _ what: String) {
      let output = model.decode(latents.cast(to: dtype)).cast(to: .f32)
      let error = (output - input).squared.mean().scalar
      note(String(format: "step %d  %@ %.2f dB", step, what, -10 * log10(error / 4)))
      pictures += ImageTensor.images(output)
    }
    show(model.encode(input.cast(to: dtype)).mean, "reconstruction")
    if let redrawn { show(try redrawn.previewed(examples), "redrawn") }
    return [try SampleGrid.save(pictures, columns: 8, step: step, in: folder)]
  }

  /// Chooses the latents' axes if the encoder was trained, measures their scale and writes the model; the run goes on with
  /// the axes it had.
  func write(step: Int, isLast: Bool) throws -> [URL] {
    let trained = parameters.map(\.value)
    defer { for (value, parameter) in zip(trained, parameters) { parameter.replace(with: value) } }
    if let keep = recipe.keep, let path = recipe.startFrom { try self.keep(keep, of: path) }
    let encoderIsNew = Frozen.rule(recipe.frozen)("encoder.conv_in.weight")
    if encoderIsNew, recipe.model.useQuantConv, recipe.model.usePostQuantConv {
      var whitening = LatentWhitening(
        channels: recipe.model.latentChannels, axes: recipe.latentAxes ?? .white)
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
    note("latent scaling factor \(config.scalingFactor)")
    let target = folder.appendingPathComponent("vae")
    try ModelFolder(target).save(
      parameters, config: config, className: "AutoencoderKL", name: "diffusion_pytorch_model",
      dtype: .f16)
    return [target]
  }

  /// Moves the weights towards those of a folder, by a share of the way.
  private func keep(_ share: Float, of path: String) throws {
    let start = try ModelFolder(URL(fileURLWithPath: path)).load { path, _ in AutoencoderKL(path, recipe.model) }
      .parameters
    let before = Dictionary(uniqueKeysWithValues: start.map { ($0.name, $0.value) })
    for parameter in parameters where parameter.isTrainable {
      guard let old = before[parameter.name] else { continue }
      parameter.replace(with: parameter.value * (1 - share) + old.cast(to: .f32) * share)
    }
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
