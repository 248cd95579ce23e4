import ArgumentParser
import CommandSupport
import DataSets
import Foundation
import Images

/// Lays a data set's pictures out in one.
struct DataSheet: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "sheet", abstract: "Makes a contact sheet: pictures from all over a folder, small, in one picture.",
    discussion: """
      Examples:
        imago data sheet butterflies --output sheet.png
        imago data sheet photos/ --count 400 --columns 20 --side 64 --output sheet.jpg
      """)

  @Argument(help: "A folder of PNG and JPEG pictures.", completion: .directory) var folder: String
  @Option(help: "A .png or .jpg file.", completion: .file()) var output: String
  @Option(
    parsing: .unconditional, help: "Most pictures; of more, evenly spaced ones are taken.", transform: whole)
  var count = 100
  @Option(parsing: .unconditional, help: "Pictures in a row.", transform: whole) var columns = 10
  @Option(parsing: .unconditional, help: "Pixels of the square each is fitted into.", transform: whole) var side = 96
  @Flag(help: "Prints the result as a JSON object.") var json = false

  func validate() throws {
    for (name, value) in [("count", count), ("columns", columns)] where !(1...10_000).contains(value) {
      throw ValidationError("--\(name) \(value): must be 1 to 10000")
    }
    guard (8...1024).contains(side) else { throw ValidationError("--side \(side): must be 8 to 1024") }
    guard min(columns, count) * (side + 2) <= 32_000 else {
      throw ValidationError("--columns \(columns) of --side \(side) are wider than 32000 pixels")
    }
  }

  private struct Result: Encodable {
    let output: String
    let pictures, width, height: Int
  }

  func run() throws {
    try reportingFailures {
      let set = try FolderDataSet(URL(fileURLWithPath: folder))
      let sheet = try ContactSheet.make(
        set, count: count, columns: columns, side: side, skipped: { Terminal.error(oneLine("skipped \($0.reason)")) })
      try ImageFile.save(sheet, to: URL(fileURLWithPath: output))
      let shown = min(count, set.count)
      try DataOutput.print(
        Result(output: output, pictures: shown, width: sheet.width, height: sheet.height), asJSON: json,
        "\(shown) of \(set.count) pictures in \(output), \(sheet.width) × \(sheet.height)")
    }
  }
}
