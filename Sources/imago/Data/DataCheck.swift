import ArgumentParser
import CommandSupport
import DataSets
import Foundation

/// Opens every picture of a folder and says what training would see.
struct DataCheck: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "check", abstract: "Looks at every picture and caption of a folder and says what is wrong.",
    discussion: """
      Says which pictures are broken, which captions name pictures that are not there (both make the exit status 1), \
      which pictures look the same, what sizes there are and what the captions are like.

      Examples:
        imago data check photos/
        imago data check photos/ --size 512 --json
      """)

  @Argument(help: "A folder of PNG and JPEG pictures.", completion: .directory) var folder: String
  @Option(
    parsing: .unconditional, help: "Lists pictures whose short side is below so many pixels.", transform: whole)
  var size: Int?
  @Flag(help: "Shows no progress.") var quiet = false
  @Flag(help: "Prints everything as a JSON object.") var json = false

  func validate() throws {
    if let size, size < 1 { throw ValidationError("--size \(size): must be 1 or more") }
  }

  func run() throws {
    try reportingFailures {
      let set = try FolderDataSet(URL(fileURLWithPath: folder))
      let bar = ProgressBar(total: set.count, label: "check", quiet: quiet)
      let report = DataSetReport(
        set, side: size, progress: { bar.update(done: $0, of: $1) }, shouldStop: { Interruption.isRequested })
      bar.finish()
      try Interruption.check()
      if !json {
        for finding in report.broken { Terminal.error(oneLine("broken: \(finding.file): \(finding.reason)")) }
        for name in report.missing { Terminal.error(oneLine("missing: \(name): a caption names it")) }
        for name in report.unread { Terminal.error(oneLine("left out: \(name): is neither PNG nor JPEG")) }
        for name in report.stray { Terminal.error(oneLine("stray: \(name): no picture beside it has its name")) }
        for finding in report.misnamed { Terminal.error(oneLine("misnamed: \(finding.file): \(finding.reason)")) }
        for name in report.small { Terminal.error(oneLine("small: \(name)")) }
      }
      try DataOutput.print(report, asJSON: json, text(report))
      if report.isDamaged { throw ExitCode(1) }
    }
  }

  private func text(_ report: DataSetReport) -> String {
    var lines = [
      "\(report.pictures) pictures, \(report.broken.count) broken; \(report.missing.count) captions without a picture"
        + (report.unread.isEmpty ? "" : "; \(report.unread.count) in other formats left out")
        + (report.stray.isEmpty ? "" : "; \(report.stray.count) texts beside no picture")
    ]
    if let width = report.width, let height = report.height {
      let common = report.sizes.prefix(3).map { "\($0.what): \($0.count)" }.joined(separator: ", ")
      lines.append(
        "sizes: width \(Self.text(width)), height \(Self.text(height)); most often \(common)"
          + (size.map { "; \(report.small.count) below \($0)" } ?? ""))
    }
    let captions = report.captions
    var line = "captions: \(report.pictures - captions.empty), \(captions.different) of them different, "
    line += "\(captions.empty) pictures without one"
    if let words = captions.words { line += "; words: \(Self.text(words))" }
    lines.append(line)
    for common in captions.common where common.count > 1 { lines.append("  \(common.count) × \(common.what)") }
    let copies = report.duplicates.reduce(0) { $0 + $1.count }
    lines.append("look the same: \(copies) pictures in \(report.duplicates.count) groups")
    for group in report.duplicates.prefix(20) {
      lines.append("  " + group.prefix(6).joined(separator: " = ") + (group.count > 6 ? " = …" : ""))
    }
    if report.duplicates.count > 20 { lines.append("  … (all of them with --json)") }
    return lines.joined(separator: "\n")
  }

  private static func text(_ spread: DataSetReport.Spread) -> String {
    spread.least == spread.greatest
      ? "\(spread.least)" : "\(spread.least) to \(spread.greatest) (median \(spread.median))"
  }
}
