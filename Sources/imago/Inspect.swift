import ArgumentParser
import Checkpoints
import CommandSupport
import Foundation
import Generation
import ModelFiles

/// Says what files are.
struct Inspect: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Says what a checkpoint, adapter, embedding, autoencoder or picture is; never executes anything in it.",
    discussion: """
      Reads safetensors, .ckpt/.pt/.bin, GGUF, diffusers folders, PNG and JPEG by content. Exits with 1 if something is \
      wrong: a truncated download, a git-LFS pointer, a pickle under another name or with more than weights in it, \
      values that are no numbers.

      Examples:
        imago inspect v1-5.safetensors
        imago inspect style.pt cat.png --json
        imago inspect sdxl/ --variant fp16
      """)

  @Argument(help: "Files and folders.", completion: .file()) var paths: [String]
  @OptionGroup var form: VariantOption
  @Flag(help: "Reads names and shapes only, not every value.") var quick = false
  @Flag(help: "Prints one JSON object a file on stdout.") var json = false
  @Flag(help: "Shows no progress.") var quiet = false

  func validate() throws {
    if paths.isEmpty { throw ValidationError("give a file or folder") }
  }

  func run() throws {
    var hasProblems = false
    for path in paths {
      do {
        try reportingFailures { hasProblems = try !inspect(path) || hasProblems }
      } catch let code as ExitCode where !Interruption.isRequested {
        // What is wrong with one file, told by now, is no reason not to look at the others.
        hasProblems = hasProblems || code.rawValue != 0
      }
    }
    if hasProblems { throw ExitCode(1) }
  }

  /// Says what one file is.
  /// - Returns: whether nothing is wrong with it.
  private func inspect(_ path: String) throws -> Bool {
    let bar = ProgressBar(total: 0, label: "tensors", quiet: quiet)
    let url = URL(fileURLWithPath: path)
    var found = try ModelInspection(url, variant: form.variant, scansValues: !quick) { done, total in
      try Interruption.check()
      bar.update(done: done, of: total)
    }
    (found.notes, found.problems) = (found.notes.map(spelled), found.problems.map(spelled))
    Terminal.out(json ? try Self.json(found) : Self.text(found))
    try Terminal.checkOutput()
    return found.problems.isEmpty
  }

  private static func json(_ found: ModelInspection) throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return String(decoding: try encoder.encode(found), as: UTF8.self)
  }

  // MARK: Text

  private static func text(_ found: ModelInspection) -> String {
    let head = [found.family, found.variant, found.kind, found.format.map { "(\($0))" }].compactMap { $0 }
    var lines = [found.path, line("is", head.isEmpty ? "nothing this program reads" : head.joined(separator: " "))]
    if let prediction = found.prediction { lines.append(line("predicts", prediction)) }
    for part in found.parts {
      let types = part.types.sorted { $0.value > $1.value }.map(\.key).joined(separator: ", ")
      lines.append(
        line(
          part.name,
          "\(count(part.parameters)) parameters in \(part.tensors) \(part.tensors == 1 ? "tensor" : "tensors"), \(types)"
        ))
    }
    if let adapter = found.adapter { lines += text(adapter) }
    if let embedding = found.embedding {
      let widths = embedding.widths.map(String.init).joined(separator: " and ")
      let name = embedding.name.map { " for \($0)" } ?? ""
      lines.append(
        line(
          "embedding", "\(embedding.vectors) \(embedding.vectors == 1 ? "vector" : "vectors") of width \(widths)\(name)"
        ))
    }
    if let picture = found.picture { lines += text(picture) }
    // Long texts, such as statistics of tags, are for programs: --json has them.
    let shown = found.metadata.filter { $0.value.count <= 200 }.sorted { $0.key < $1.key }.prefix(40)
    lines += shown.map { line($0.key, $0.value) }
    let hidden = found.metadata.count - shown.count
    if hidden > 0 { lines.append(line("", "and \(hidden) more entries of metadata, which --json prints")) }
    lines += found.notes.map { line("note", $0) } + found.problems.map { line("PROBLEM", $0) }
    return lines.joined(separator: "\n")
  }

  private static func text(_ adapter: AdapterSummary) -> [String] {
    let ranks = adapter.ranks.isEmpty ? "none" : adapter.ranks.map(String.init).joined(separator: ", ")
    let unsaid = adapter.scheme == "kohya" ? "the rank" : "as its configuration says, or else the rank"
    let alphas = adapter.alphas.isEmpty ? unsaid : adapter.alphas.map { "\($0)" }.joined(separator: ", ")
    return [
      line("adapter", "\(adapter.kinds.joined(separator: ", ")), \(adapter.scheme), \(adapter.modules) modules"),
      line("rank", "\(ranks), alpha \(alphas)"),
      line("base", "\(adapter.base ?? "unknown"), changes \(adapter.networks.joined(separator: ", "))"),
    ]
  }

  private static func text(_ picture: ModelInspection.Picture) -> [String] {
    var lines = [line("size", "\(picture.width) × \(picture.height)")]
    guard let prompt = picture.prompt else { return lines + [line("made by", "nothing in the file says")] }
    lines.append(line("prompt", prompt))
    if let negative = picture.negativePrompt, !negative.isEmpty { lines.append(line("negative", negative)) }
    return lines + picture.settings.sorted { $0.key < $1.key }.map { line($0.key, $0.value) }
  }

  /// A label and its text on one line; what files say may hold anything.
  private static func line(_ label: String, _ text: String) -> String {
    let safe = String(
      String.UnicodeScalarView(
        text.unicodeScalars.map { $0.properties.generalCategory == .control ? " " : $0 }))
    return "  " + label.padding(toLength: max(label.count, 14), withPad: " ", startingAt: 0) + " " + safe
  }

  private static func count(_ parameters: Int) -> String {
    parameters >= 1_000_000 ? String(format: "%.1f M", Double(parameters) / 1e6) : "\(parameters)"
  }
}
