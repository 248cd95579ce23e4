import ArgumentParser
import CommandSupport
import Evaluation
import Foundation
import Generation
import Images
import Jobs

/// Measures pictures and models.
struct EvalCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "eval", abstract: "Measures pictures and models: distances from real ones, losses, reconstructions.",
    usage: """
      imago eval <pictures> --reference <pictures> [<options>]
      imago eval --model <model> --prompts <file> | --data <folder> [<options>]
      imago eval <subcommand>
      """,
    discussion: """
      docs/evaluation.md says what is measured, how, and on how many pictures; imago eval pictures --help lists the \
      options of the first two forms.

      Examples:
        imago eval drawn/ --reference photos/
        imago eval --model runs/mine/model --data photos/ --cfg 1,3,5 --picture curves.png
        imago eval loss --model runs/mine/model photos/
        imago eval autoencoder --model runs/mine/model photos/
        imago eval probe scenes/ --network lite0.pth --output judge.safetensors
        imago eval commitment --sprites data/sprites
      """,
    subcommands: [
      EvalPictures.self, EvalLoss.self, EvalAutoencoder.self, EvalProbe.self, EvalCommitment.self,
    ],
    defaultSubcommand: EvalPictures.self)
}

/// The flag that names the network features are taken from.
struct NetworkOption: ParsableArguments {
  @Option(
    help: """
      Whose features: a file of EfficientNet-Lite0 or of FID's Inception-v3, a folder of a contrastive model or \
      classifier that imago train wrote, or the name of one that comes along, such as contrastive (the bundled model's \
      encoder).
      """,
    completion: .file())
  var network: String?

  func open() throws -> any FeatureNetwork { try FeatureNetworks.open(network) }
}

/// Flags that say which model is measured.
struct MeasuredModel: ParsableArguments {
  @Option(
    help: "A diffusers folder, a checkpoint file, or a name that imago models lists (the bundled model).",
    completion: .file())
  var model: String?
  @OptionGroup var files: ModelFileOptions

  /// Loads the model.
  func open() throws -> PipelineComponents {
    var job = PictureJob()
    (job.model, job.vae, job.tokenizer, job.variant) = (model, files.vae, files.tokenizer, files.form.variant)
    (job.predictionType, job.usesAverage, job.precision) = (files.prediction, files.ema, .f32)
    return try LoadedPipeline(ModelChoice(job)).components
  }
}

/// Flags that say which pictures are looked at, and how large.
struct MeasuredPictures: ParsableArguments {
  @Option(parsing: .unconditional, help: "Pictures that are looked at, the first of the folder.", transform: whole)
  var count = 200
  @Option(
    parsing: .unconditional, help: "Pixels the middle square of each is brought to (the model's size).",
    transform: whole)
  var resolution: Int?

  func validate() throws {
    guard (1...1_000_000).contains(count) else { throw ValidationError("--count \(count): must be 1 to 1000000") }
    if let resolution, !(8...8192).contains(resolution) {
      throw ValidationError("--resolution \(resolution): must be 8 to 8192")
    }
  }
}

/// Says which pictures were not measured.
enum EvalNotes {
  /// - Parameter skipped: what is wrong with each, a line.
  static func tell(_ skipped: [String], quiet: Bool) {
    for line in skipped where !quiet { Terminal.error(oneLine("note: left out \(line)")) }
  }
}

/// Writes a picture a command was asked for.
enum EvalPicture {
  /// Throws for a name that is no picture's.
  static func check(_ name: String?) throws {
    guard let name else { return }
    guard ["png", "jpg", "jpeg"].contains((name as NSString).pathExtension.lowercased()) else {
      throw ValidationError("--picture \(name): let it end in .png or .jpg")
    }
  }

  static func write(_ image: Image, to name: String, quiet: Bool) throws {
    try ImageFile.save(image, to: URL(fileURLWithPath: name))
    if !quiet { Terminal.error("wrote \(name)") }
  }
}
