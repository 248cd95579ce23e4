import ArgumentParser
import CommandSupport
import Foundation
import Generation
import TensorCore
import Training

/// Runs a training recipe, or goes on with one that was stopped.
struct Train: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Runs a training recipe; run again to go on where it stopped.",
    usage: "imago train <recipe> [<options>]",
    discussion: """
      Examples:
        imago train circle
        imago train my-recipe.yaml
        imago train scenes-autoencoder --output runs/autoencoder
      """)

  @Argument(help: "A recipe: a file, or a name in Pipelines/.", completion: .file()) var recipe: String
  @Option(help: "The run's folder: log, state, samples, finished model (runs/NAME).")
  var output: String?
  @OptionGroup var compute: ComputeOptions

  func run() throws {
    try reportingFailures {
      let file = try ModelLocator().recipe(recipe)
      let read = try Recipe.read(file)
      let name = file.deletingPathExtension().lastPathComponent
      let folder = URL(fileURLWithPath: output ?? "runs/\(name)")
      // A run ends by itself after the step it is in, with its state saved.
      try compute.run { try Interruption.finishingFirst { try train(read, folder) } }
      try Interruption.check()
    }
  }

  private func train(_ recipe: Recipe, _ folder: URL) throws {
    let quiet = compute.quiet
    let report: (String) -> Void = { if !quiet { Terminal.error($0) } }
    let stop = { Interruption.isRequested }
    switch recipe {
    case .autoencoder(let recipe):
      try AutoencoderTrainer(recipe, output: folder, report: report).run(shouldStop: stop)
    case .textToImage(let recipe):
      try TextToImageTrainer(recipe, output: folder, report: report).run(shouldStop: stop)
    case .unconditional(let recipe):
      try UnconditionalTrainer(recipe, output: folder, report: report).run(shouldStop: stop)
    case .circle(let recipe):
      try CircleTrainer(recipe, output: folder, report: report).run(shouldStop: stop)
    }
  }
}
