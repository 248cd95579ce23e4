import ArgumentParser
import CommandSupport
import Jobs

/// Makes pictures from words.
@main
struct Txt2Img: ParsableCommand, SharedAmongProcesses {
  static let configuration = CommandConfiguration(
    commandName: "txt2img", abstract: "Makes pictures from words.",
    discussion: """
      Pictures are numbered on from those in their folder; none is overwritten but a file whose full name --output \
      gives. What a line of --prompts says wins over the flags. --from finds the model and other files by name, or by \
      hash whatever they are called, in the picture's folder, the working folder, the model's, the program's Weights/ \
      and IMAGO_HOME.

      Examples:
        txt2img "a cat on the moon"
        txt2img "a red apple on a table" --count 4 --seed 7 --output apples/
        txt2img "a castle" --model path/to/a/folder --sampler "DPM++ 2M Karras"
        txt2img "a cat" --to-prompt "a dog" --frames 7 --grid --output strip/
        txt2img --prompts Prompts/gallery.txt --output gallery/
        printf 'a cat\\na dog --s 30\\n' | txt2img --prompts - --output pets/
        txt2img --from outputs/00001-7.png --steps 50

      \(CommandText.places)
      """, version: Version.of("txt2img"))

  static func main() { CommandStart.run(Self.self) }

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
    // What goes together is known once a file's lines or a picture's settings are under the flags.
    guard source.prompts == nil, source.from == nil else { return }
    try wrongUsage {
      try flags.checkSupport()
      try flags.checkUse(in: flags)
      try output.checkUse(in: flags)
    }
  }

  private var flags: PictureJob {
    var flags = picture.job
    flags.prompt = prompt
    return flags
  }

  func run() throws {
    try reportingFailures {
      var run = PictureRun(flags, source, output, compute)
      run.below = try source.origin(hasModel: picture.model != nil, quiet: compute.quiet) ?? PictureJob()
      try run.run()
    }
  }
}
