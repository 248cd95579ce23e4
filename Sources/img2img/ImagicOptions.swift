import ArgumentParser
import CommandSupport

/// An edit that learns the picture first.
struct ImagicOptions: ParsableArguments {
  @Option(
    help: "Learns the picture, which takes minutes, and draws it as these words say, whatever has to change for that.")
  var imagic: String?
  @Option(
    parsing: .unconditional, help: "With --imagic: 0 draws the picture, 1 what the words say (0.7).", transform: decimal
  )
  var imagicShare: Double?
  @Option(
    parsing: .unconditional, help: "With --imagic: steps in which the network learns (300; other models 200).",
    transform: whole)
  var imagicSteps: Int?
  @Option(
    help: "With --imagic: where what was learnt is kept, so that other shares and seeds need nothing more.",
    completion: .directory)
  var imagicFolder: String?

  func validate() throws {
    guard imagic != nil || (imagicShare == nil && imagicSteps == nil && imagicFolder == nil) else {
      throw ValidationError("--imagic-share, --imagic-steps and --imagic-folder go with --imagic TEXT")
    }
    if let imagicShare, !(-1...2).contains(imagicShare) {
      throw ValidationError("--imagic-share \(imagicShare): must be -1 to 2")
    }
    if let imagicSteps, !(1...100_000).contains(imagicSteps) {
      throw ValidationError("--imagic-steps \(imagicSteps): must be 1 to 100000")
    }
    if imagic?.isEmpty == true { throw ValidationError("--imagic: say what the picture is to become") }
  }
}
