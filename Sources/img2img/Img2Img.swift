import ArgumentParser
import CommandSupport
import Conditioning
import Jobs

/// Changes a picture by words.
@main
struct Img2Img: ParsableCommand, SharedAmongProcesses {
  static let configuration = CommandConfiguration(
    commandName: "img2img", abstract: "Changes a picture by words.",
    discussion: """
      A line of --prompts may name its picture with --init_image, and --mask, --strength (--denoising_strength, --t), \
      --edit, --source and the other flags below, with _ or - in their names; lines that name none change INPUT. What a \
      line says wins over the flags.

      Transparent parts of INPUT lie on --background for the network. Without a mask all is redrawn and the result is \
      opaque; with --mask, what the mask keeps comes back with its transparency (in PNG); --mask alpha repaints the \
      transparent parts.

      Examples:
        img2img photo.png "a watercolour of a cat" --strength 0.6
        img2img photo.png "a red hat" --mask mask.png --mask-blur 4
        img2img photo.png --edit "a dog on the moon" --source "a cat on the moon"
        img2img sticker.png "a cat in a garden" --mask alpha
        img2img photo.png "a wide landscape" --outpaint 128,0,128,0
        img2img photo.png --imagic "a sitting dog" --imagic-share 0.6
        img2img photo.png --prompts variants.txt --output variants/
        img2img --from outputs/00001-7.png

      \(CommandText.places)
      """, version: Version.of("img2img"))

  static func main() { CommandStart.run(Self.self) }

  @Argument(help: "The picture to change: PNG or JPEG.", completion: .file()) var input: String?
  @Argument(help: "What the result shows; with --edit, leave it out.") var prompt: String?
  @OptionGroup(title: "The change") var edits: EditOptions
  @OptionGroup(title: "A change that learns the picture") var imagic: ImagicOptions
  @OptionGroup(title: "Many pictures, and pictures again") var source: SourceOptions
  @OptionGroup(title: "The picture") var picture: PictureOptions
  @OptionGroup(title: "Files") var output: OutputOptions
  @OptionGroup(title: "Computing") var compute: ComputeOptions

  func validate() throws {
    guard input != nil || source.prompts != nil || source.from != nil else {
      throw ValidationError("name the picture to change, or give --prompts FILE or --from IMAGE")
    }
    guard prompt == nil || edits.edit == nil else { throw ValidationError("give a prompt or --edit, not both") }
    if imagic.imagic != nil { return try validateImagic() }
    let words = edits.edit ?? prompt
    guard words != nil || source.prompts != nil || source.from != nil else {
      throw ValidationError("say what the result shows, or give --edit TEXT, --prompts FILE or --from IMAGE")
    }
    guard words == nil || source.prompts == nil else {
      throw ValidationError("give a prompt, --edit or --prompts, only one of them")
    }
    guard edits.maskOut == nil || source.prompts == nil else {
      throw ValidationError("--mask-out is one file: with --prompts, give --mask_out in each line")
    }
    guard !picture.hires.isOn else {
      throw ValidationError(
        "--hires-scale and --hires-resize belong to txt2img: give --width and --height for a larger result")
    }
    let change = edits.job(prompt: prompt)
    // What goes together is known once a file's lines or a picture's settings are under the flags.
    guard source.prompts == nil, source.from == nil else { return }
    try wrongUsage {
      var flags = picture.job
      (flags.prompt, flags.edit) = (words, change)
      try flags.checkSupport()
      try flags.checkValues()
      try flags.checkUse(in: flags)
      try output.checkUse(in: flags)
    }
    if change.findsMask, let sampler = picture.sampler, try SamplerChoice(sampler).sampler != .ddim {
      throw ValidationError("--edit without --mask turns DDIM's steps back: leave --sampler out")
    }
  }

  /// Everything that changes a part of a picture, or changes it in other ways, does not go with it.
  private func validateImagic() throws {
    guard input != nil, prompt == nil, edits.edit == nil, source.prompts == nil, source.from == nil else {
      throw ValidationError("--imagic TEXT takes a picture and no other words, --prompts or --from")
    }
    guard !source.dryRun else {
      throw ValidationError("--imagic learns the picture before anything else: no --dry-run")
    }
    var change = edits.job(prompt: nil)
    (change.background, change.resize) = (nil, nil)
    guard change.isEmpty, !picture.hires.isOn else {
      throw ValidationError("of the flags of a change, --imagic goes with --background and --resize-mode alone")
    }
    try wrongUsage {
      var flags = picture.job
      flags.prompt = imagic.imagic
      try flags.checkSupport()
      try flags.checkValues()
      try flags.checkUse(in: flags)
      try output.checkUse(in: flags)
    }
  }

  private func runImagic(_ input: String, _ text: String) throws {
    var flags = picture.job
    (flags.prompt, flags.emphasis) = (text, Emphasis.none)
    var run = PictureRun(flags, source, output, compute)
    let edit = ImagicEdit(
      input: input, text: text, options: imagic, edit: edits.job(prompt: nil), compute: compute)
    run.prepare = edit.prepare
    try run.run()
  }

  func run() throws {
    try reportingFailures {
      if let text = imagic.imagic, let input { return try runImagic(input, text) }
      var flags = picture.job
      flags.prompt = edits.edit ?? prompt
      flags.edit = edits.job(prompt: prompt)
      let origin = try source.origin(hasModel: picture.model != nil, editing: true, quiet: compute.quiet)
      var run = PictureRun(flags, source, output, compute)
      run.below = origin ?? PictureJob()
      // Of its own: results have the size that is asked for.
      run.below.forgetHires()
      if source.prompts != nil {
        // Lines may name others.
        run.below.edit.input = input ?? run.below.edit.input
      } else {
        run.above.edit.input = input
      }
      run.needsInput = true
      try run.run()
    }
  }
}
