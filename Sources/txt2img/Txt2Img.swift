import ArgumentParser
import CommandSupport
import Jobs

/// Makes pictures from words.
@main
struct Txt2Img: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "txt2img", abstract: "Makes pictures from words.",
    discussion: """
      Examples:
        txt2img "a cat on the moon"
        txt2img "a red apple on a table" --count 4 --seed 7 --output apples/
        txt2img "a castle at night" --model path/to/a/folder --sampler dpmpp-2m --schedule karras --cfg 7.5
        txt2img "a cat" --to-prompt "a dog" --frames 7 --grid --seed 4 --output strip/
        txt2img --prompts Prompts/gallery.txt --output gallery/
        txt2img --from outputs/00001-7.png --steps 50
      """)

  @Argument(help: "What the picture shows.") var prompt: String?
  @OptionGroup(title: "Many pictures, and pictures again") var source: SourceOptions
  @OptionGroup(title: "The picture") var picture: PictureOptions
  @OptionGroup(title: "Files") var output: OutputOptions
  @OptionGroup(title: "Computing") var compute: ComputeOptions

  func validate() throws {
    guard prompt != nil || source.prompts != nil || source.from != nil else {
      throw ValidationError("say what the picture shows, or give --prompts FILE or --from IMAGE")
    }
    guard prompt == nil || source.prompts == nil else {
      throw ValidationError("give a prompt or --prompts, not both")
    }
    if let prompt, prompt.allSatisfy(\.isWhitespace) {
      throw ValidationError("the prompt is empty: say what the picture shows")
    }
  }

  func run() throws {
    Interruption.install()
    try reportingFailures {
      var flags = picture.job
      flags.prompt = prompt
      var run = PictureRun(flags, source, output, compute)
      run.below = try source.origin(hasModel: picture.model != nil, quiet: compute.quiet) ?? PictureJob()
      // What goes together is known once a file's lines or a picture's settings are under the flags.
      if source.prompts == nil, source.from == nil { try flags.checkSupport() }
      try run.run()
    }
  }
}
