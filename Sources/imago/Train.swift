import ArgumentParser
import CommandSupport
import Evaluation
import Foundation
import ModelFiles
import TensorCore
import Training

/// Runs a training recipe, or goes on with one that was stopped.
struct Train: ParsableCommand, SharedAmongProcesses {
  static let configuration = CommandConfiguration(
    abstract: "Runs a training recipe; run again to go on where it stopped.",
    usage: "imago train <recipe> [<options>]",
    discussion: """
      Examples:
        imago train circle
        imago train my-recipe.yaml
        imago train scenes-256-autoencoder --output runs/autoencoder
        mpirun -n 4 --hostfile hosts imago train my-recipe.yaml
      """)

  @Argument(help: "A recipe: a file, or a name in Pipelines/.", completion: .file()) var recipe: String
  @Option(help: "The run's folder: log and its curve, state, samples, finished model (runs/NAME).")
  var output: String?
  @OptionGroup(title: "Several processes") var processes: ProcessOptions
  @OptionGroup var compute: ComputeOptions

  func run() throws {
    try reportingFailures {
      let file = try ModelLocator().recipe(recipe)
      let read = try Recipes.read(file)
      let name = file.deletingPathExtension().lastPathComponent
      let folder = URL(fileURLWithPath: output ?? "runs/\(name)")
      try TrainingProcesses(compute, processes).run(in: folder) { folder, context in
        try LossCurve.drawn(folder, context) { try read.run(in: folder, context) }
      }
      try Interruption.check()
    }
  }
}
