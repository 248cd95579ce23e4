import ArgumentParser
import CommandSupport
import DataSets
import Foundation

/// Brings published pictures into a folder.
struct DataImport: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "import", abstract: "Makes a folder of captioned pictures from what is published.",
    discussion: """
      SOURCE is a folder of pictures (with metadata.jsonl or .csv, or name.txt or .caption beside each, or sub-folders \
      that name what they hold), a Parquet file or a folder of them, a WebDataset tar (also .tar.gz), IDX files as MNIST \
      and Fashion-MNIST are published, or CIFAR-10's binary files. What was stopped goes on when the same command is run \
      again. A picture that cannot be read is named and left out.

      Examples:
        imago data import train.parquet --caption "a {name|species}" --output set
        imago data import photos/ --resize 512 --output photos-512
        imago data import /usr/share/datasets/fashion-mnist --output fashion
        imago data import cifar-10-binary.tar.gz --limit 1000 --output cifar
      """)

  @Argument(help: "What to import.", completion: .file()) var source: String
  @Option(help: "The folder to make; it must not exist.", completion: .directory) var output: String
  @Option(
    help: """
      The caption of each picture, with columns in braces: "a photo of {name|other column|"text"}" takes the first \
      that is not empty (the source's own caption, or class).
      """)
  var caption: String?
  @Option(help: "The column of a Parquet file that holds the pictures (found by its type).") var imageColumn: String?
  @Option(parsing: .unconditional, help: "Most pictures to take.", transform: whole) var limit: Int?
  @Option(
    parsing: .unconditional, help: "Scales larger pictures down to so many pixels on the short side.", transform: whole)
  var resize: Int?
  @Option(help: "train or test, of IDX and CIFAR-10 (train).") var split: ImportOptions.Split?
  @Option(help: "Names of the classes 0, 1, ... of IDX and CIFAR-10, separated by commas.") var labels: String?
  @Flag(help: "Shows no progress.") var quiet = false
  @Flag(help: "Prints the result as a JSON object.") var json = false

  func validate() throws {
    if let limit, limit < 1 { throw ValidationError("--limit \(limit): must be 1 or more") }
    if let resize, !(8...8192).contains(resize) { throw ValidationError("--resize \(resize): must be 8 to 8192") }
  }

  func run() throws {
    try reportingFailures {
      var options = ImportOptions()
      options.caption = try caption.map { try CaptionTemplate($0) }
      (options.imageColumn, options.limit, options.resize, options.split) = (imageColumn, limit, resize, split)
      options.labels = labels?.split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) }
      let bar = ProgressBar(total: 0, label: "import", quiet: quiet)
      let importing = ImportRun(URL(fileURLWithPath: source), to: URL(fileURLWithPath: output), options)
      let report = try importing.run(
        remark: { Terminal.error(spelled(oneLine($0))) },
        progress: { done, total in if let total { bar.update(done: done, of: total) } },
        shouldStop: { Interruption.isRequested })
      bar.finish()
      if report.wasStopped { throw Interruption.Stopped() }
      try DataOutput.print(report, asJSON: json, summary(report))
    }
  }

  private func summary(_ report: ImportRun.Report) -> String {
    if report.wasComplete { return "\(output) is complete: \(report.pictures) pictures" }
    var parts = ["\(report.pictures) pictures and metadata.jsonl in \(output)"]
    if report.skipped > 0 { parts.append("\(report.skipped) left out") }
    if let resize, report.smaller > 0 {
      parts.append("\(report.smaller) smaller than \(resize) pixels, kept as they are")
    }
    return parts.joined(separator: "; ")
  }
}

extension ImportOptions.Split: ExpressibleByArgument {}

/// What the subcommands of `data` print.
enum DataOutput {
  /// A result for people, or for programs.
  static func print(_ result: some Encodable, asJSON: Bool, _ text: String) throws {
    asJSON ? try Terminal.json(result) : Terminal.out(text)
  }
}
