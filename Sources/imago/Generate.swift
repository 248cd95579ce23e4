import ArgumentParser
import CommandSupport
import Foundation
import Jobs
import Lessons

/// Text of a language model.
struct Generate: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Writes text with a model that a recipe of the kind language trained.",
    usage: "imago generate <model> [<options>]",
    discussion: """
      Examples:
        imago generate runs/shakespeare/model
        imago generate runs/shakespeare/model --prompt "ROMEO." --temperature 0.8 --top-p 0.95 --seed 3
      """)

  @Argument(help: "The model's folder.", completion: .directory) var model: String
  @Option(help: "What the text begins with.") var prompt = ""
  @Option(parsing: .unconditional, help: "Tokens that are written.", transform: whole) var length = 300
  @Option(
    parsing: .unconditional, help: "Less than 1 is surer, more is wilder; 0 takes the likeliest token each time (1).",
    transform: single)
  var temperature: Float?
  @Option(parsing: .unconditional, help: "Only so many of the likeliest tokens may come (all).", transform: whole)
  var topK: Int?
  @Option(
    parsing: .unconditional, help: "Only the likeliest tokens that together have this probability may come (1).",
    transform: single)
  var topP: Float?
  @Option(parsing: .unconditional, help: "Decides what is chosen; -1 draws one (random).", transform: seedOption)
  var seed: SeedChoice?
  @OptionGroup var compute: ComputeOptions

  func validate() throws {
    guard compute.precision != .int8 else {
      throw ValidationError("--precision int8 draws pictures; text is written in f32 or bf16")
    }
    guard (1...1_000_000).contains(length) else { throw ValidationError("--length \(length): must be 1 to 1000000") }
    if let temperature, !(0...100).contains(temperature) {
      throw ValidationError("--temperature \(temperature): must be 0 to 100")
    }
    if let topK, !(1...1_000_000).contains(topK) { throw ValidationError("--top-k \(topK): must be 1 to 1000000") }
    if let topP, !(topP > 0 && topP <= 1) { throw ValidationError("--top-p \(topP): must be above 0, at most 1") }
    if temperature == 0, let flag = topK != nil ? "--top-k" : topP != nil ? "--top-p" : seed != nil ? "--seed" : nil {
      throw ValidationError("\(flag) has nothing to act on: --temperature 0 takes the likeliest token")
    }
  }

  private struct Report: Encodable {
    let text: String
    let seed: UInt64
    let tokens: Int
    let seconds: Double
  }

  func run() throws {
    try reportingFailures {
      try compute.run {
        let generator = try TextGenerator(
          folder: URL(fileURLWithPath: model), dtype: compute.chosenPrecision.dtype)
        let chosen = seed?.value ?? UInt64.random(in: 0..<(1 << 32))
        let choice = TokenChoice(temperature: temperature ?? 1, topK: topK, topP: topP)
        let started = ContinuousClock.now
        var (text, line) = (prompt, prompt)
        try generator.generate(prompt, tokens: length, choice, seed: chosen) { part in
          try Interruption.check()
          text += part
          line += part
          // Whole lines are shown as they come.
          while !compute.json, let end = line.firstIndex(of: "\n") {
            Terminal.out(String(line[..<end]))
            line = String(line[line.index(after: end)...])
          }
        }
        let seconds = started.duration(to: .now) / .seconds(1)
        if compute.json {
          try Terminal.json(Report(text: text, seed: chosen, tokens: length, seconds: seconds))
        } else {
          Terminal.out(line)
          if !compute.quiet {
            Terminal.error("seed \(chosen), \(length) tokens in \(String(format: "%.1f s", seconds))")
          }
        }
      }
    }
  }
}
