import Adapters
import ArgumentParser
import Checkpoints
import CommandSupport
import Foundation
import Jobs
import ModelFiles
import SafeTensors

/// Tools for adapter files.
struct LoRACommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "lora", abstract: "Looks at, resizes, adds up and extracts LoRA files.",
    discussion: """
      Examples:
        imago lora info style.safetensors
        imago lora resize style.safetensors --rank 4 --output small.safetensors
        imago lora merge a.safetensors:0.7 b.safetensors:0.3 --output both.safetensors
        imago lora extract tuned.safetensors base.safetensors --rank 16 --output style.safetensors
      """,
    subcommands: [Info.self, Resize.self, Merge.self, Extract.self])

  /// Where a new file goes.
  struct Target: ParsableArguments {
    @Option(help: "The file to write, .safetensors.", completion: .file()) var output: String
    @Flag(help: "Replaces the file of weights that is there; anything else stays, and is an error.") var force = false

    func validate() throws {
      guard output.hasSuffix(".safetensors") else {
        throw ValidationError("--output \(output): adapters are written as .safetensors")
      }
    }

    func url() throws -> URL {
      try ModelPlace(URL(fileURLWithPath: output), for: .single, isReplacing: force).url
    }
  }

  /// What a file is.
  struct Info: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Says what an adapter file holds.")
    @Argument(help: "An adapter file.", completion: .file()) var file: String
    @Flag(help: "Prints one JSON object.") var json = false

    func run() throws {
      try reportingFailures {
        let file = try AdapterFile(URL(fileURLWithPath: file))
        let lora = try? LoRAFile(URL(fileURLWithPath: file.path))
        if json {
          let object: [String: Any] = [
            "path": file.path, "format": file.format.rawValue, "base": file.base.description, "keys": file.keys.count,
            "modules": lora?.moduleCount ?? 0, "ranks": lora?.ranks ?? [], "metadata": file.metadata,
          ]
          let data = try JSONSerialization.data(
            withJSONObject: object, options: [.sortedKeys, .withoutEscapingSlashes])
          return Terminal.out(String(decoding: data, as: UTF8.self))
        }
        Terminal.out("\(file.path): \(file.format.rawValue) format, made for \(file.base)")
        if let lora {
          Terminal.out("\(lora.moduleCount) layers, rank \(lora.ranks.map(String.init).joined(separator: ", "))")
        } else {
          Terminal.out("\(file.keys.count) tensors, not all of them plain LoRA")
        }
        for (key, value) in file.metadata.sorted(by: { $0.key < $1.key }) {
          Terminal.out("  \(key): \(oneLine(String(value.prefix(100))))")
        }
      }
    }
  }

  /// A smaller rank.
  struct Resize: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Writes the same changes with a smaller rank, by singular values.")
    @Argument(help: "A LoRA file.", completion: .file()) var file: String
    @Option(parsing: .unconditional, help: "Singular values kept for each layer, 1 to 1024.", transform: whole)
    var rank: Int
    @OptionGroup var target: Target

    func validate() throws { try LoRACommand.check(rank) }

    func run() throws {
      try reportingFailures {
        let url = try target.url()
        let result = try LoRAFile(URL(fileURLWithPath: file)).resized(to: rank)
        try result.file.write(to: url)
        Terminal.error(String(format: "wrote %@, which keeps %.1f %% of the changes", url.path, 100 * result.kept))
      }
    }
  }

  /// Several into one.
  struct Merge: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Adds up several LoRA files.")
    @Argument(help: ArgumentHelp("LoRA files, each with its weight.", valueName: "file:weight[:text-encoder-weight]"))
    var files: [String]
    @Option(
      parsing: .unconditional, help: "Singular values kept for each layer; all if not given.", transform: whole)
    var rank: Int?
    @OptionGroup var target: Target

    func validate() throws {
      if let rank { try LoRACommand.check(rank) }
      if files.isEmpty { throw ValidationError("name the files to add up, each as FILE:WEIGHT") }
    }

    func run() throws {
      try reportingFailures {
        let url = try target.url()
        let requests = try files.map { try AdapterRequest(argument: $0) }
        let sum = try LoRAFile.merged(
          try requests.map { (try LoRAFile(URL(fileURLWithPath: $0.path)), $0) })
        let result = rank.map { sum.resized(to: $0).file } ?? sum
        try result.write(to: url)
        Terminal.error(
          "wrote \(url.path): \(result.moduleCount) layers, rank "
            + result.ranks.map(String.init).joined(separator: ", "))
      }
    }
  }

  /// The difference of two checkpoints.
  struct Extract: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Writes what a tuned model has over its base as a LoRA.")
    @Argument(help: "The tuned model: a folder or a checkpoint file.") var tuned: String
    @Argument(help: "What it was made from.") var base: String
    @Option(parsing: .unconditional, help: "Singular values kept for each layer.", transform: whole) var rank = 16
    @Option(help: "Layers: attention, transformer or all.") var targets = AdapterTargets.all
    @OptionGroup var target: Target

    func validate() throws { try LoRACommand.check(rank) }

    func run() throws {
      try reportingFailures {
        let url = try target.url()
        let locator = ModelLocator()
        func open(_ name: String) throws -> PipelineFiles {
          let (spec, url) = try locator.pipeline(name)
          return try PipelineFiles(url, options: spec.fileOptions(home: locator.home))
        }
        let (first, second) = (try open(tuned), try open(base))
        func provider(_ files: PipelineFiles) -> LoRAExtraction.Provider {
          { part, key in
            guard files.sources[part]?.shape(of: key) != nil else { return nil }
            return try files.raw(part, key).tensor().cast(to: .f32)
          }
        }
        let shapes = Dictionary(
          uniqueKeysWithValues: second.parts.map { part in
            let source = second.sources[part]
            return (part, second.keys(part).compactMap { key in source?.shape(of: key).map { (name: key, shape: $0) } })
          })
        let report = try LoRAExtraction(rank: rank, targets: targets).write(
          to: url, shapes: shapes, tuned: provider(first), base: provider(second),
          metadata: ["ss_output_name": url.deletingPathExtension().lastPathComponent],
          progress: { _, _ in try Interruption.check() })
        Terminal.error(
          String(
            format: "wrote %@: %d layers differ, %d are the same; rank %d keeps %.1f %% of the difference", url.path,
            report.changed, report.equal, rank, 100 * report.kept))
      }
    }
  }

  fileprivate static func check(_ rank: Int) throws {
    guard (1...1024).contains(rank) else { throw ValidationError("--rank \(rank): must be 1 to 1024") }
  }
}

extension AdapterTargets: ExpressibleByArgument {}
