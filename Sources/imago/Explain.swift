import ArgumentParser
import CommandSupport
import Conditioning
import Diffusion
import Foundation
import Generation
import Jobs
import ModelFiles
import PromptLanguage

/// Says what a prompt comes to.
struct Explain: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Says what a prompt comes to: tokens, chunks, weights, and what changes at which step.",
    usage: "imago explain <prompt> [<options>]",
    discussion: """
      Understands AUTOMATIC1111's language: (more) [less] (by:1.3), BREAK, [from:to:0.5], [a|b], AND, <lora:name:0.8>. \
      Exits with 1 under --strict if brackets do not match.

      Examples:
        imago explain "a (red:1.3) car on a [street:beach:0.5]"
        imago explain "a cat :1.2 AND a moon" --steps 30 --json
      """)

  @Argument(help: "The prompt.") var prompt: String
  @Option(parsing: .unconditional, help: "Sampler steps (the pipeline's).", transform: whole) var steps: Int?
  @Option(help: "Whose steps: with one of second order, such as heun, prompts count calls, two a step (the model's).")
  var sampler: String?
  @Option(help: "Whose tokens: a model or the name of a pipeline in Pipelines/ (the bundled model).") var model: String?
  @Option(help: "A folder with vocab.json and merges.txt, for a model that comes without.") var tokenizer: String?
  @OptionGroup var form: VariantOption
  @OptionGroup var reading: PromptOptions
  @Option(help: "A textual inversion, or a folder of them; may be given again.") var embedding: [String] = []
  @Flag(help: "Reads it as a negative prompt, where AND and tags are text.") var negative = false
  @Flag(help: "Brackets that do not match are an error.") var strict = false
  @Flag(help: "Prints one JSON object on stdout.") var json = false

  func validate() throws {
    if let steps, !(1...1000).contains(steps) { throw ValidationError("--steps \(steps): must be 1 to 1000") }
    try wrongUsage { if let sampler { _ = try SamplerChoice(sampler) } }
    if reading.styles != nil, reading.style.isEmpty {
      throw ValidationError("\(JobError.idle(name: "--styles", needs: "--style NAME"))")
    }
  }

  func run() throws {
    try reportingFailures {
      let explanation = try explain()
      Terminal.out(json ? try Self.json(explanation) : ExplanationText(explanation).lines.joined(separator: "\n"))
      if strict { try explanation.requireBalance() }
    }
  }

  private func explain() throws -> PromptExplanation {
    let locator = ModelLocator()
    let (spec, folder) = try locator.pipeline(model)
    var options = spec.fileOptions(home: locator.home)
    options.variant = form.variant ?? options.variant
    if let tokenizer { options.tokenizer = URL(fileURLWithPath: tokenizer) }
    let files = try PipelineFiles(folder, options: options)
    guard let encoder = files.configurations.textEncoders.first else {
      throw GenerationError.noModel(path: folder.path, reason: "has no text encoder")
    }
    let widths = files.configurations.textEncoders.map(\.hiddenSize)
    let calls = try callsPerStep(files.configurations.scheduler, pipeline: spec)
    if calls > 1 {
      Terminal.error("note: steps below are calls of the network, \(calls) in each of the sampler's steps")
    }
    let text = try styled()
    try PromptLimits.check(text, isNegative: negative, isLiteral: reading.emphasis == Emphasis.none)
    return PromptExplanation(
      text, isNegative: negative, steps: (steps ?? spec.steps) * calls, tokenizer: try files.tokenizer(0),
      length: encoder.positionCount, emphasis: reading.emphasis ?? .original,
      embeddings: try embeddings(widths: widths))
  }

  /// What prompts count for each step.
  private func callsPerStep(_ config: SchedulerConfig, pipeline: PipelineSpec) throws -> Int {
    let name = try sampler.map { try SamplerChoice($0).sampler } ?? pipeline.sampler ?? SamplerName(config)
    return try name?.make(config, eta: 0).plan(steps: steps ?? pipeline.steps).order ?? 1
  }

  /// The prompt with its styles.
  private func styled() throws -> String {
    guard !reading.style.isEmpty else { return prompt }
    var files = StyleFiles()
    let texts = try files.apply(
      reading.style, of: reading.styles, prompt: negative ? "" : prompt, negative: negative ? prompt : "")
    return negative ? texts.negative : texts.prompt
  }

  private func embeddings(widths: [Int]) throws -> [TextualInversion] {
    try embedding.flatMap { path in
      let url = URL(fileURLWithPath: path)
      var isFolder: ObjCBool = false
      guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder), isFolder.boolValue else {
        return [try TextualInversion(url, widths: widths)]
      }
      let folder = try TextualInversionFolder(url, widths: widths)
      for line in folder.leftOut { Terminal.error(spelled("left out: \(line)")) }
      return folder.embeddings
    }
  }

  private static func json(_ explanation: PromptExplanation) throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    encoder.keyEncodingStrategy = .convertToSnakeCase
    // Weights that are too large to draw with are shown all the same.
    encoder.nonConformingFloatEncodingStrategy = .convertToString(
      positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
    return String(decoding: try encoder.encode(explanation), as: UTF8.self)
  }
}
