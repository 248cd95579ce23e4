import Adapters
import Checkpoints
import Conditioning
import Diffusion
import Foundation
import Generation
import Jobs
import ModelFiles
import Models
import NN
import Training

/// A text-to-image model in a folder from which a lesson starts, and U-Nets of its weights.
struct LearningModel {
  let folder: URL
  let components: PipelineComponents

  /// - Parameter name: a diffusers folder, or a pipeline's name; nil for the bundled model.
  /// - Throws: `GenerationError` for anything but a plain latent model with a U-Net, in a folder.
  init(_ name: String?) throws {
    let locator = ModelLocator()
    let known = name.map { DataLocation.url($0).path }
    let isFolder = known.map { FileManager.default.fileExists(atPath: $0) } ?? false
    let (spec, url) = try locator.pipeline(isFolder ? known : name)
    components = try PipelineComponents(folder: url, name: spec.name, options: spec.fileOptions(home: locator.home))
    folder = url
    let place = url.appendingPathComponent("unet").path
    guard components.network is UNet2DConditionModel, FileManager.default.fileExists(atPath: place),
      try components.knownKind() == .plain
    else {
      throw GenerationError.unsupported(
        what: "\(url.path): lessons start from a plain text-to-image model with a U-Net, in a diffusers folder")
    }
  }

  /// What tells the model from others: of its weights.
  var hash: String { ModelHash.short(folder) ?? folder.path }

  /// A U-Net with its parameters.
  typealias UNet = (network: UNet2DConditionModel, parameters: [Parameter])

  /// A U-Net with the model's weights in memory of its own.
  /// - Parameters:
  ///   - inputs: channels it is to read, those further ones without effect at first; nil for the model's.
  ///   - adapter: the file of a LoRA that is added to the weights; nil for none.
  func unet(inputs: Int? = nil, adapter: URL? = nil, isTrainable: Bool) throws -> UNet {
    try Self.unet(in: folder, inputs: inputs, adapter: adapter, isTrainable: isTrainable)
  }

  /// The same of any model's folder.
  static func unet(in folder: URL, inputs: Int? = nil, adapter: URL? = nil, isTrainable: Bool) throws -> UNet {
    let part = part(of: folder)
    var config = try part.decode(UNet2DConditionConfig.self)
    config.inChannels = inputs ?? config.inChannels
    func adapted(_ source: any ParameterSource) throws -> any ParameterSource {
      guard let adapter else { return WidenedInput(source, channels: config.inChannels) }
      return try AdapterMerger([AdapterRequest(path: adapter.path)], networks: [.unet: source])
        .source(.unet, .merged, precision: .float32) ?? source
    }
    func build(_ path: ParameterPath, _ keys: [String]) -> UNet2DConditionModel { UNet2DConditionModel(path, config) }
    let made = try part.load(isTrainable: { _ in isTrainable }, adapt: adapted, build)
    return (made.model, made.parameters)
  }

  static func part(of folder: URL) -> ModelFolder { ModelFolder(folder.appendingPathComponent("unet")) }

  /// The model with another network.
  /// - Parameter scheduler: nil for the model's.
  func with(_ network: UNet2DConditionModel, name: String, scheduler: SchedulerConfig? = nil) -> PipelineComponents {
    PipelineComponents(
      text: components.text, network: network, autoencoder: components.autoencoder,
      scheduler: scheduler ?? components.scheduler, ays: components.ays, name: name, notes: components.notes)
  }
}
