import ArgumentParser
import Checkpoints
import CommandSupport
import Foundation
import ModelFiles
import TensorCore

/// Element types weights can be stored in.
enum StoredPrecision: String, CaseIterable, ExpressibleByArgument {
  case f32, f16, bf16

  var dtype: DType {
    switch self {
    case .f32: .f32
    case .f16: .f16
    case .bf16: .bf16
    }
  }
}

extension PipelineFileLayout: ExpressibleByArgument {}

/// Writes a model in another layout or precision.
struct Convert: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Writes a model as a diffusers folder or as one file, in another precision if asked.",
    usage: "imago convert <input> <output> [<options>]",
    discussion: """
      The input is a folder or a single file: safetensors, .ckpt or GGUF. Nothing in it is executed. Weights keep their \
      type unless --precision is given, so that a folder made into a file and back is the same bit for bit.

      Examples:
        imago convert v1-5.ckpt v1-5.safetensors --precision f16
        imago convert v1-5.safetensors models/v1-5/
        imago convert Weights/scenes scenes.safetensors
      """)

  @Argument(help: "A diffusers folder or a checkpoint file.", completion: .file()) var input: String
  @Argument(help: "What is written: FILE.safetensors, or a folder.", completion: .file()) var output: String
  @OptionGroup var target: WriteOptions
  @Option(help: "f32, f16 or bf16 (as it is).") var precision: StoredPrecision?
  @OptionGroup var sources: ModelFileOptions

  func validate() throws { _ = try target.place(output) }

  func run() throws {
    try reportingFailures {
      let job = try WriteJob(output, target)
      let files = try PipelineFiles(URL(fileURLWithPath: input), options: sources.options)
      try job.run(ModelWriter(files, precision: precision?.dtype), notes: files.notes)
    }
  }
}

/// Flags that say how a model is written.
struct WriteOptions: ParsableArguments {
  @Option(help: "folder or single (a name that ends in .safetensors is single).") var to: PipelineFileLayout?
  @Flag(help: "Replaces the model that is there; anything else stays, and is an error.") var force = false
  @Flag(help: "Says nothing on stderr but errors.") var quiet = false
  @Flag(help: "Prints one JSON object on stdout.") var json = false

  /// Where the model goes.
  /// - Throws: `ValidationError` for a name that is none of what is written.
  func place(_ output: String) throws -> OutputPlace { try OutputPlace(output, layout: to) }
}

/// Writes a model and says what was written.
struct WriteJob {
  private let url: URL
  private let layout: PipelineFileLayout
  private let options: WriteOptions

  /// - Throws: before anything is read, if what stands there may not be replaced.
  init(_ output: String, _ options: WriteOptions) throws {
    let place = try options.place(output)
    (url, layout, self.options) = (place.url, place.layout, options)
    _ = try ModelPlace(url, for: layout, isReplacing: options.force)
  }

  private struct Result: Encodable {
    let path, layout: String
    let tensors, bytes: Int
    let overflowed, notes: [String]
  }

  func run(_ writer: ModelWriter, notes: [String]) throws {
    let (quiet, json) = (options.quiet, options.json)
    let bar = ProgressBar(total: 0, label: "tensors", quiet: quiet)
    var report = try writer.write(to: url, as: layout, isReplacing: options.force) { done, total in
      try Interruption.check()
      bar.update(done: done, of: total)
    }
    report.notes = notes + report.notes
    if json {
      try Terminal.json(
        Result(
          path: url.path, layout: layout.rawValue, tensors: report.tensors, bytes: report.bytes,
          overflowed: report.overflowed, notes: report.notes.map(spelled)))
    } else if !quiet {
      for note in report.notes { Terminal.error("note: \(note)") }
      if let first = report.overflowed.first {
        Terminal.error(
          "warning: \(report.overflowed.count) tensors have values f16 cannot hold, now infinite, such as \(first); "
            + "bf16 holds them")
      }
      let size = String(format: "%.1f MB", Double(report.bytes) / 1e6)
      bar.finish(line: "\(url.path)  \(layout.rawValue), \(report.tensors) tensors, \(size)")
    }
  }
}
