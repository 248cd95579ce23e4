import ArgumentParser
import CommandSupport
import Diffusion
import Foundation
import Generation
import Images
import Jobs
import ModelFiles

/// Compares ways of guiding a class-conditional model.
struct GuidanceGrid: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "guidance",
    abstract:
      "Draws without guidance, with a classifier's, classifier-free and with both, and counts what a judge tells right.",
    usage: "imago guidance <model> --classifier <folder> --judge <folder> [<options>]",
    discussion: """
      Every picture starts from the model that is told no class, so that strength 1 is Bayes' rule for both kinds. The judge \
      is a classifier of clean pictures that was trained apart; docs/guidance.md says how.

      Examples:
        imago guidance runs/fashion/model --classifier runs/fashion-classifier/classifier \\
          --judge runs/fashion-judge/classifier --output guidance.png
      """)

  @Argument(help: "A diffusers folder of a model that knows classes.", completion: .directory) var model: String
  @Option(help: "A classifier of noisy pictures.", completion: .directory) var classifier: String
  @Option(help: "Another classifier, of clean pictures.", completion: .directory) var judge: String
  @Option(help: "What gradients and differences are multiplied by, separated by commas.") var strengths = "1,2,4"
  @Option(parsing: .unconditional, help: "Pictures of each class.", transform: whole) var perClass = 10
  @Option(parsing: .unconditional, help: "Sampler steps.", transform: whole) var steps = 50
  @Option(help: "Sampler, as txt2img's --sampler.") var sampler = "ddpm"
  @Option(parsing: .unconditional, help: "Seed of the first picture of each way.", transform: unsigned)
  var seed: UInt64 = 0
  @Option(help: "A .png or .jpg of a picture of each class, a row each way, the share under it.") var output: String?
  @OptionGroup var compute: ComputeOptions

  private var numbers: [Float]? {
    let parts = strengths.split(separator: ",").map { WrittenNumber.decimal($0.trimmingCharacters(in: .whitespaces)) }
    let values = parts.compactMap { $0.map(Float.init) }
    return values.count == parts.count && !values.isEmpty && values.allSatisfy { $0 > 0 && $0 <= 10_000 } ? values : nil
  }

  func validate() throws {
    guard (1...1000).contains(steps) else { throw ValidationError("--steps \(steps): must be 1 to 1000") }
    guard (1...10_000).contains(perClass) else { throw ValidationError("--per-class \(perClass): must be 1 to 10000") }
    guard numbers != nil else {
      throw ValidationError("--strengths \(strengths): must be numbers above 0, separated by commas")
    }
    try wrongUsage { _ = try SamplerName.parse(sampler) }
    if let output, !["png", "jpg", "jpeg"].contains((output as NSString).pathExtension.lowercased()) {
      throw ValidationError("--output \(output): must end in .png or .jpg")
    }
  }

  func run() throws {
    try reportingFailures {
      if let output { try OutputNaming.check(URL(fileURLWithPath: output)) }
      try compute.run { try compare() }
    }
  }

  private func compare() throws {
    var table = try GuidanceTable(
      model: UnconditionalImages(folder: URL(fileURLWithPath: model), precision: compute.chosenPrecision),
      classifier: NoisyClassifier(URL(fileURLWithPath: classifier)), judge: NoisyClassifier(URL(fileURLWithPath: judge))
    )
    (table.steps, table.perClass, table.seed) = (steps, perClass, seed)
    table.sampler = try SamplerName.parse(sampler).sampler
    let ways = GuidanceTable.ways(numbers ?? [])
    let bar = ProgressBar(total: ways.count * perClass * steps, label: "guidance", quiet: compute.quiet)
    var (done, rows) = (0, [(images: [Image], label: String)]())
    for way in ways {
      let (row, shown) = try table.row(way.guidance, strength: way.strength) {
        try Interruption.check()
        done += 1
        bar.update(done: done, of: ways.count * perClass * steps)
      }
      let share = String(format: "%.1f %%", 100 * row.accuracy)
      rows.append((shown, share))
      if compute.json {
        try Terminal.json(row)
      } else {
        let strength = row.strength.map { String(format: "%g", $0) } ?? ""
        Terminal.out("\(row.guidance) \(strength)  \(share) of \(row.pictures)")
      }
    }
    bar.finish()
    guard let output else { return }
    let url = URL(fileURLWithPath: output)
    try OutputNaming.prepare(url)
    try PictureWriter.place(at: url, replacing: true) {
      try ImageFile.save(LabelledRows.make(rows, scale: 2), to: $0, text: [])
    }
  }
}
