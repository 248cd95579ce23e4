import ArgumentParser
import CommandSupport
import Foundation
import TensorCore
import Training

/// Runs a training recipe, or goes on with one that was stopped.
struct Train: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Runs a training recipe; run again to go on where it stopped.",
    discussion: """
      Examples:
        imago train Pipelines/circle.yaml
        imago train Pipelines/scenes-autoencoder.yaml --output runs/autoencoder
      """)

  @Argument(help: "A recipe from Pipelines/.") var recipe: String
  @Option(help: "The run's folder: log, state, samples, finished model (runs/NAME).")
  var output: String?
  @OptionGroup var compute: ComputeOptions

  func run() throws {
    Interruption.install()
    try reportingFailures {
      let file = URL(fileURLWithPath: recipe)
      let read = try Recipes.read(file)
      let name = file.deletingPathExtension().lastPathComponent
      let folder = URL(fileURLWithPath: output ?? "runs/\(name)")
      try compute.run {
        let report = TrainingReport(quiet: compute.quiet, json: compute.json)
        try read.run(in: folder, report.context)
      }
    }
  }
}
