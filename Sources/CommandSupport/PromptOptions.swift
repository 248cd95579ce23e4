import ArgumentParser
import Conditioning
import Jobs

/// Flags that say how prompts are read.
public struct PromptOptions: ParsableArguments {
  @Option(
    help: "What weights of words do: original or no-norm as AUTOMATIC1111, comfy, ignore; none takes brackets as text.",
    transform: named)
  public var emphasis: Emphasis?
  @Option(
    name: [.long, .customLong("styles-file")],
    help: "A file of styles with the columns name, prompt, negative_prompt (styles.csv).", completion: .file())
  public var styles: String?
  @Option(help: "A style's name, put around the prompts; again for more.") public var style: [String] = []

  public init() {}

  /// Sets what was given.
  func fill(_ job: inout PictureJob) {
    job.emphasis = emphasis
    job.styles = style.isEmpty ? nil : style
    job.stylesFile = styles
  }
}
