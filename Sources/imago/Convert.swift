import ArgumentParser
import Checkpoints
import CommandSupport
import Foundation
import Generation
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
    discussion: """
      IN is a folder or a single file: safetensors, .ckpt or GGUF. Nothing in it is executed. Weights keep their type
      unless --precision is given, and then a folder made into a file and back is the same bit for bit.

      Examples:
        imago convert v1-5.ckpt v1-5.safetensors --precision f16
        imago convert v1-5.safetensors v1-5/
        imago convert Weights/scenes scenes.safetensors
      """)

  @Argument(help: "A diffusers folder or a checkpoint file.") var input: String
  @Argument(help: "What is written: FILE.safetensors, or a folder.") var output: String
  @Option(help: "folder or single (a name that ends in .safetensors is single).") var to: PipelineFileLayout?
  @Option(help: "f32, f16 or bf16 (as it is).") var precision: StoredPrecision?
  @OptionGroup var sources: ModelFileOptions
  @Flag(help: "Replaces what is there.") var force = false
  @Flag(help: "Says nothing on stderr but errors.") var quiet = false
  @Flag(help: "Prints one JSON object on stdout.") var json = false

  func run() throws {
    Interruption.install()
    try reportingFailures {
      let files = try PipelineFiles(URL(fileURLWithPath: input), options: sources.options)
      let job = WriteJob(output: output, layout: to, isReplacing: force, quiet: quiet, json: json)
      try job.run(PipelineFilesWriter(files, precision: precision?.dtype), notes: files.notes)
    }
  }
}

/// Writes a model and says what was written.
struct WriteJob {
  let output: String
  let layout: PipelineFileLayout?
  let isReplacing: Bool
  let quiet: Bool
  let json: Bool

  private struct Result: Encodable {
    let path, layout: String
    let tensors, bytes: Int
    let overflowed, notes: [String]
  }

  func run(_ writer: PipelineFilesWriter, notes: [String]) throws {
    let url = URL(fileURLWithPath: output)
    let layout = layout ?? (url.pathExtension == "safetensors" ? .single : .folder)
    let bar = ProgressBar(total: 0, label: "tensors", quiet: quiet)
    var report = try writer.write(to: url, as: layout, isReplacing: isReplacing) { done, total in
      try Interruption.check()
      bar.update(done: done, of: total)
    }
    report.notes = notes + report.notes
    if json {
      let encoder = JSONEncoder()
      encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
      let result = Result(
        path: url.path, layout: layout.rawValue, tensors: report.tensors, bytes: report.bytes,
        overflowed: report.overflowed, notes: report.notes)
      Terminal.out(String(decoding: try encoder.encode(result), as: UTF8.self))
    } else if !quiet {
      for note in report.notes { Terminal.error("note: \(note)") }
      if let first = report.overflowed.first {
        Terminal.error(
          "warning: \(report.overflowed.count) tensors have values f16 cannot hold, now infinite, such as \(first); "
            + "bf16 holds them")
      }
      let size = String(format: "%.1f MB", Double(report.bytes) / 1e6)
      Terminal.error("\(url.path)  \(layout.rawValue), \(report.tensors) tensors, \(size)")
    }
  }
}
