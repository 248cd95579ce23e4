import ArgumentParser
import CommandSupport
import Conditioning
import Foundation
import Generation
import ModelFiles
import Models

extension Bench {
  /// How much longer things take on a machine that does something else too.
  struct Busy: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "A small picture, a U-Net call and a small training step beside processes that keep cores busy.",
      discussion: """
        Each is timed on the machine as it is and then beside as many busy processes as asked for, which end with the \
        command. The ratio is of medians. Nothing else should run meanwhile.

        Examples:
          imago bench busy
          imago bench busy --beside 1 --runs 5 --json
        """)
    @Option(help: "Side of the picture of the U-Net call.") var size = 512
    @Option(help: "Rows of the U-Net call.") var batch = 2
    @Option(help: "Busy processes, 1 to 64, separated by commas.") var beside = "1,2,4"
    @OptionGroup var options: BenchOptions

    /// The numbers of `--beside`.
    static func counts(_ text: String) throws -> [Int] {
      try text.split(separator: ",", omittingEmptySubsequences: false).map { part in
        guard let count = Int(part.trimmingCharacters(in: .whitespaces)), 1...64 ~= count else {
          throw ValidationError("--beside \(text): must be numbers from 1 to 64, separated by commas")
        }
        return count
      }
    }

    func validate() throws {
      try BenchLimits.check(size: size)
      try BenchLimits.check(batch: batch)
      _ = try Self.counts(beside)
    }

    func run() throws {
      try options.run {
        try BenchMemory.unet.check(size: size, batch: batch, options)
        let picture = try SmallPicture(precision: options.compute.chosenPrecision, threads: options.compute.threads)
        try compare("small-picture", size: picture.size, batch: 1, peak: SmallPicture.peakMemoryGB, picture.make)
        try compare("unet", size: size, batch: batch, Bench.unetCall(size: size, batch: batch, options))
        try compare("small-step", size: 128, batch: 48, Bench.smallStep(batch: 48, options))
      }
    }

    /// Times `work` quiet and beside each number of processes.
    private func compare(
      _ what: String, size: Int, batch: Int, peak: () -> Double = { BenchFigure.peakMemoryGB },
      _ work: () throws -> Void
    ) throws {
      var quiet: Double?
      for count in try [0] + Self.counts(beside) {
        try Interruption.check()
        let others = try BusyProcesses(count)
        defer { others.end() }
        var figure = try BenchFigure.measure(
          what, size: size, batch: batch, precision: options.compute.chosenPrecision.rawValue, runs: options.runs, work)
        figure.peakMemory = peak()
        figure.busyProcesses = count
        figure.ratio = figure.medianSeconds / (quiet ?? figure.medianSeconds)
        quiet = quiet ?? figure.medianSeconds
        try figure.print(json: options.compute.json)
      }
    }
  }
}

/// A picture of the bundled model, from the start of the process to the file.
private struct SmallPicture {
  let size: Int
  private let arguments: [String]
  private let folder: URL

  init(precision: Precision, threads: Int?) throws {
    let (spec, model) = try ModelLocator().pipeline(nil)
    size = try PipelineComponents(folder: model, name: spec.name).defaultSize
    folder = FileManager.default.temporaryDirectory.appendingPathComponent("imago-busy-\(UUID().uuidString)")
    arguments =
      ["a cat on the moon", "--seed", "1", "--quiet", "--precision", precision.rawValue]
      + (threads.map { ["--threads", "\($0)"] } ?? [])
  }

  func make() throws {
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
      .deletingLastPathComponent().appendingPathComponent("txt2img")
    process.arguments = arguments + ["--output", folder.appendingPathComponent("picture.png").path]
    process.standardInput = FileHandle.nullDevice
    try process.run()
    process.waitUntilExit()
    guard process.terminationStatus == 0 else {
      throw GenerationError.unsupported(what: "the small picture: txt2img ended with \(process.terminationStatus)")
    }
  }

  static func peakMemoryGB() -> Double { BenchFigure.peakMemoryGB(of: RUSAGE_CHILDREN) }
}
