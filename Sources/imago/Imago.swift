import ArgumentParser
import CommandSupport
import Lessons
import SceneTraining
import Training

/// The toolkit: everything besides making pictures.
@main
struct Imago: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "imago", abstract: "The toolkit besides txt2img and img2img: models, prompts, training, measuring.",
    discussion: """
      The program's own Pipelines/, Prompts/ and Weights/ are found beside its file; IMAGO_HOME names another folder that \
      holds them.

      Examples:
        imago models
        imago inspect model.safetensors
        imago explain "a (red:1.3) car on a [street:beach:0.5]"
        imago serve
        imago train circle
        imago eval drawn/ --reference photos/
        imago bench kernels
      """,
    version: Version.of("imago"),
    subcommands: [
      ModelsCommand.self, Inspect.self, Convert.self, Merge.self, LoRACommand.self, Explain.self, Sample.self,
      GuidanceGrid.self, Serve.self, Train.self, Curves.self, Compare.self, Generate.self, DataCommand.self,
      EvalCommand.self, UnCLIPCommand.self, Bench.self,
    ])

  static func main() {
    DataKind.register(.scenes)
    LessonKinds.register()
    CommandStart.run(Self.self)
  }
}
