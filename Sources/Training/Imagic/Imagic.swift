import Adapters
import Checkpoints
import Conditioning
import Foundation
import Generation
import Images
import Jobs
import ModelFiles
import Models
import NN
import TensorCore

/// Edits of one picture by a text that says what it is to become, however much has to change for that (Kawar et al. 2022).
///
/// The text's states are changed until they describe the picture; the network is changed until it draws the picture when it
/// is told them; between those states and the text's own lie the edits. Where the paper trains all weights, low-rank matrices
/// are trained beside them.
public struct Imagic {
  private let loaded: LoadedPipeline
  /// The picture, of the size it is worked on.
  private let picture: Image
  private let text: String
  private let settings: ImagicSettings
  private let folder: URL

  /// - Parameters:
  ///   - loaded: the model; its network is changed.
  ///   - picture: of sides the model takes.
  ///   - text: what it is to become.
  ///   - folder: where the two runs are kept: with another share or seed nothing is learnt again.
  public init(_ loaded: LoadedPipeline, picture: Image, text: String, settings: ImagicSettings, folder: URL) {
    (self.loaded, self.picture, self.text) = (loaded, picture, text)
    (self.settings, self.folder) = (settings, folder)
  }

  /// What names the folder of a picture's runs: everything that decides them.
  public static func name(
    model: String?, picture: Image, text: String, settings: ImagicSettings, precision: Precision
  ) -> String {
    ContentHash.hex([
      Data("\(model ?? "") \(text) \(settings) \(precision) \(picture.width)×\(picture.height)".utf8),
      Data(picture.pixels),
    ])
  }

  /// Learns the picture, as far as that was not done before.
  /// - Parameter share: 0 draws the picture, 1 what the text says.
  /// - Returns: the model that draws the edit when it is told the text; nil if the run was told to stop.
  public func learn(share: Float, _ context: RunContext) throws -> LoadedPipeline? {
    let (components, precision) = (loaded.components, loaded.pipeline.precision)
    try components.autoencoder.requireEncoder()
    guard try components.knownKind() == .plain else {
      throw GenerationError.unsupported(
        what:
          "\(components.name): `imagic` needs a plain text-to-image model, not one that paints or follows instructions")
    }
    let codec = LatentCodec(components.autoencoder, precision: precision)
    let latents = codec.scaled(try codec.distribution(ImageTensor.pack([picture.converted(toChannels: 3)])).mean)
      .cast(to: .f32)
    let reading = TextReading(precision: precision, emphasis: .none, embeddings: loaded.pipeline.embeddings)
    let target = try PromptEncoder(components.text, reading).encode(text, clipSkip: nil)
    guard let states = target.context else {
      throw GenerationError.unsupported(what: "\(components.name): its network reads no text")
    }
    let learnt = Parameter(name: "states", value: states.cast(to: .f32), isTrainable: true)
    let pooled = target.pooled.map { Parameter(name: "pooled", value: $0.cast(to: .f32), isTrainable: true) }
    let denoising = try components.scheduler.denoisingLoss(times: nil, dtype: precision.dtype)
    let (width, height) = (Float(picture.width), Float(picture.height))
    func objective(_ told: [Parameter], learning group: ParameterGroup) -> ImagicObjective {
      ImagicObjective(
        network: components.network, loss: denoising, states: told[0], pooled: told.dropFirst().first,
        sizes: [height, width, 0, 0, height, width], dtype: precision.dtype, groups: [group])
    }
    let words = [learnt, pooled].compactMap { $0 }
    context.note("learning a text for the picture: \(settings.textSteps) steps")
    let first = objective(words, learning: ParameterGroup("text", words))
    guard try run("text", steps: settings.textSteps, rate: settings.textRate, latents, first, context) else {
      return nil
    }

    let parts = components.parameters.filter { ModelPart.networks.contains($0.key) }
    let adapters = try TrainableAdapters(
      parts, targets: .all, rank: settings.rank, alpha: Float(settings.rank), seed: settings.seed)
    context.note("learning the picture: \(settings.modelSteps) steps, \(adapters.moduleCount) layers")
    // What was learnt of the text stays as it is from here on.
    let fixed = words.map { Parameter(name: $0.name, value: $0.value, isTrainable: false) }
    let second = objective(fixed, learning: ParameterGroup("network", adapters.parameters))
    guard try run("network", steps: settings.modelSteps, rate: settings.modelRate, latents, second, context) else {
      return nil
    }
    Processor.releaseCachedMemory()

    let edited = PipelineComponents(
      text: LearntText(
        base: components.text, text: text,
        learnt: NetworkConditioning(context: fixed[0].value, pooled: fixed.dropFirst().first?.value), share: share),
      network: components.network, autoencoder: components.autoencoder, scheduler: components.scheduler,
      ays: components.ays, name: components.name, notes: components.notes, parameters: components.parameters)
    var pipeline = TextToImage(edited, precision: precision)
    (pipeline.embeddings, pipeline.networks) = (loaded.pipeline.embeddings, loaded.pipeline.networks)
    // No file holds this model: its pictures say so where others name one.
    var spec = loaded.spec
    spec.name = "\(loaded.spec.name) taught a picture (Imagic, share \(share))"
    return LoadedPipeline(spec: spec, pipeline: pipeline, vae: loaded.vae, notes: loaded.notes)
  }

  /// Runs one stage to its end, or goes on where it was stopped.
  /// - Returns: whether it is finished.
  private func run(
    _ stage: String, steps: Int, rate: Double, _ latents: Tensor, _ objective: ImagicObjective, _ context: RunContext
  ) throws -> Bool {
    var loop = LoopSettings(steps: steps, batch: settings.batch, learningRate: rate)
    (loop.weightDecay, loop.seed) = (0, settings.seed)
    (loop.logEvery, loop.saveEvery, loop.sampleEvery) = (max(1, steps / 4), steps, steps)
    let identity = try RunIdentity(of: settings, facts: ["picture and text": folder.lastPathComponent, "stage": stage])
    return try TrainingRun(
      loop, in: RunFolder(folder.appendingPathComponent(stage)), identity: identity,
      source: OnePicture(latents: latents), objective: objective, artifact: NoArtifact(),
      optimizer: loop.optimizerSettings(loaded.pipeline.precision.dtype), context
    ).run().isFinished
  }
}
