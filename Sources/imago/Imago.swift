import ArgumentParser
import CommandSupport

/// The toolkit: everything besides making pictures.
@main
struct Imago: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "imago", abstract: "Trains models, builds data sets and measures speed.",
    discussion: """
      Examples:
        imago train Pipelines/circle.yaml
        imago data scenes --sprites data/sprites --count 64 --output scenes/
        imago bench kernels
      """,
    subcommands: [
      Train.self, DataCommand.self, Bench.self, Inspect.self, Convert.self, Merge.self, LoRACommand.self, Explain.self, Sample.self,
    ])

  static func main() {
    Launcher.settleThreadWaiting()
    main(nil)
  }
}
