import ArgumentParser
import CommandSupport
import Foundation
import Generation
import Jobs

/// Changes a picture by words.
@main
struct Img2Img: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "img2img", abstract: "Changes a picture by words.",
    discussion: """
      Examples:
        img2img photo.png "a watercolour of a cat" --strength 0.6
        img2img photo.png "a red hat" --mask mask.png --mask-blur 4
        img2img photo.png --edit "a dog on the moon" --source "a cat on the moon"
        img2img photo.png "a wide landscape" --outpaint 128,0,128,0
      """)

  static func main() {
    Launcher.settleThreadWaiting()
    main(nil)
  }

  @Argument(help: "The picture to change: PNG or JPEG.") var input: String
  @Argument(help: "What the result shows; with --edit, leave it out.") var prompt: String?
  @OptionGroup(title: "The change") var edits: EditOptions
  @OptionGroup(title: "The picture") var picture: PictureOptions
  @Option(help: "Takes every setting from a picture's metadata; flags override.") var from: String?
  @OptionGroup(title: "Files") var output: OutputOptions
  @OptionGroup(title: "Computing") var compute: ComputeOptions

  func validate() throws {
    guard prompt == nil || edits.edit == nil else { throw ValidationError("give a prompt or --edit, not both") }
    guard prompt != nil || edits.edit != nil || from != nil else {
      throw ValidationError("say what the result shows, or give --edit TEXT or --from IMAGE")
    }
    if let words = edits.edit ?? prompt, words.allSatisfy(\.isWhitespace) {
      throw ValidationError("the prompt is empty: say what the result shows")
    }
    guard picture.hiresScale == nil else {
      throw ValidationError("--hires-scale belongs to txt2img: give --width and --height for a larger result")
    }
    if edits.findsMask, let sampler = picture.sampler, try SamplerChoice(sampler).sampler != .ddim {
      throw ValidationError("--edit without --mask turns DDIM's steps back: leave --sampler out")
    }
  }

  func run() throws {
    Interruption.install()
    try reportingFailures {
      let origin = try from.map { try PictureOrigin(URL(fileURLWithPath: $0), locator: ModelLocator()) }
      if !compute.quiet { for note in origin?.notes ?? [] { Terminal.error("note: \(note)") } }
      var flags = picture.job
      flags.prompt = edits.edit ?? prompt
      flags.precision = compute.precision
      var below = origin?.job ?? PictureJob()
      // Of its own: the size comes from the input, and the seed from the flags or by lot for each run.
      (below.hiresScale, below.hiresSteps, below.hiresDenoise, below.hiresUpscaler) = (nil, nil, nil, nil)
      let job = below.overlaid(by: flags)
      try compute.run(precision: job.precision) {
        try EditRun(input: input, edits: edits, job: job, output: output, compute: compute).run()
      }
    }
  }
}
