import ArgumentParser
import CommandSupport
import Diffusion
import Foundation
import Generation
import ModelFiles

extension Bench {
  /// Loading and one picture, decoded.
  struct WholePicture: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "e2e", abstract: "A whole picture: loading a model, then prompt to pixels under guidance.",
      usage: "imago bench e2e [<options>]")
    @Option(help: "A model folder or the name of a pipeline (the bundled model).") var model: String?
    @Option(help: "Side of the picture (the model's).") var size: Int?
    @Option(help: "Sampler steps.") var steps = 4
    @OptionGroup var options: BenchOptions

    func validate() throws {
      try BenchLimits.check("--steps", steps, 1...1000)
      if let size { try BenchLimits.check(size: size, multipleOf: 8) }
    }

    func run() throws {
      try options.run {
        let started = ContinuousClock.now
        let (spec, folder) = try ModelLocator().pipeline(model)
        let components = try PipelineComponents(folder: folder, name: spec.name)
        let load = started.duration(to: .now) / .seconds(1)
        let side = size ?? components.defaultSize
        let pipeline = TextToImage(components, precision: options.compute.chosenPrecision)
        let request = GenerationRequest(
          prompts: ["a cat on the moon"], steps: steps, guidance: Guidance(scale: 7.5), sampler: .ddim, seeds: [42],
          width: side, height: side)
        func complete(_ figure: inout BenchFigure) {
          figure.loadSeconds = load
          figure.steps = steps
        }
        try options.report("e2e", size: side, batch: 1, complete: complete) {
          _ = try pipeline.generate(request, onStep: { _ in try Interruption.check() })
        }
      }
    }
  }
}
