import ArgumentParser
import CommandSupport
import DataSets
import Foundation

/// Makes the drawings that scenes are composed of.
struct DataSprites: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "sprites", abstract: "Cuts drawings of things out of the system's emoji font, with their names.",
    discussion: """
      Needs the Debian packages fonts-noto-color-emoji, unicode-data and unicode-cldr-core.

      Examples:
        imago data sprites --output data/sprites
        imago data scenes --sprites data/sprites --count 64 --output scenes/
      """)

  @Option(help: "A folder that does not exist yet.", completion: .directory) var output: String
  @Flag(help: "Says nothing of drawings that the font lacks.") var quiet = false
  @Flag(help: "Prints the result as a JSON object.") var json = false

  private struct Result: Encodable {
    let output: String
    let sprites: Int
    let missing: [String]
  }

  func run() throws {
    try reportingFailures {
      let (count, missing) = try SpriteCutter().write(to: URL(fileURLWithPath: output))
      if !quiet, !missing.isEmpty {
        Terminal.error("the font has no drawing of \(missing.count): \(missing.joined(separator: ", "))")
      }
      try DataOutput.print(
        Result(output: output, sprites: count, missing: missing), asJSON: json,
        "\(count) drawings and sprites.csv in \(output)")
    }
  }
}
