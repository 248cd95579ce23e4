import ArgumentParser
import CommandSupport
import Evaluation
import Foundation

/// How far a model decides between pictures its caption fits equally well.
struct EvalCommitment: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "commitment",
    abstract: "Measures how far a model decides between pictures that a caption fits equally well.",
    discussion: """
      A cut-out drawing and its mirror image, another hand's, a larger one, one moved aside: noise is put on the first \
      of each pair, and the model's clean estimate lies somewhere between the mean of both (0) and the first (1).

      Examples:
        imago eval commitment --sprites data/sprites
        imago eval commitment --model runs/mine/model --sprites data/sprites --hands noto --sigmas 3,2,1.5
      """)

  @OptionGroup var model: MeasuredModel
  @Option(help: "Folder of cut-outs, SET/NAME.png.", completion: .directory) var sprites: String
  @Option(help: "Noise levels in units of the clean latents', separated by commas.") var sigmas = "3.1,2.0,1.4,1.0"
  @Option(help: "Hands whose drawings are shown, separated by commas (noto,twemoji,fluent3d,fluentflat).")
  var hands: String?
  @Option(help: "A .png or .jpg of the curves.", completion: .file()) var picture: String?
  @OptionGroup var compute: ComputeOptions

  private var levels: [Double] { sigmas.split(separator: ",").compactMap { Double($0.filter { $0 != " " }) } }

  private var shown: [String] {
    hands?.split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) } ?? PicturePairs.hands
  }

  func validate() throws {
    guard !levels.isEmpty, levels.count == sigmas.split(separator: ",").count, levels.allSatisfy({ $0 > 0 }) else {
      throw ValidationError("--sigmas \(sigmas): must be numbers above 0, separated by commas")
    }
    if let other = shown.first(where: { !PicturePairs.hands.contains($0) }) {
      throw ValidationError("--hands \(other): there are \(PicturePairs.hands.joined(separator: ", "))")
    }
    try EvalPicture.check(picture)
  }

  private struct Report: Encodable {
    let model, pairs: String
    let count: Int
    let levels: [Commitment.Level]
  }

  func run() throws {
    try reportingFailures { try compute.run { try measure() } }
  }

  private func measure() throws {
    let components = try model.open()
    let commitment = try Commitment(components, precision: compute.chosenPrecision)
    let pairs = PicturePairs(
      folder: URL(fileURLWithPath: sprites), side: components.defaultSize, shown: shown)
    var curves: [Chart.Series] = []
    for kind in PicturePairs.Kind.allCases {
      let examples = try pairs.pairs(kind)
      let bar = ProgressBar(total: levels.count, label: kind.rawValue, quiet: compute.quiet)
      let found = try commitment.measure(examples, sigmas: levels, Resampling()) { _ in try Interruption.check() }
      bar.finish()
      if compute.json {
        try Terminal.json(
          Report(model: components.name, pairs: kind.rawValue, count: examples.count, levels: found))
      } else {
        let texts = found.map { String(format: "sigma %.2g: ", $0.sigma) + Self.text($0) }
        Terminal.out("\(kind.rawValue), \(examples.count) pairs: \(texts.joined(separator: "; "))")
      }
      curves.append(.init(kind.rawValue, found.map { ($0.sigma, $0.found) }.sorted { $0.0 < $1.0 }))
    }
    if let picture {
      let chart = Chart(title: "\(components.name): commitment", xLabel: "sigma", curves)
      try EvalPicture.write(chart.image(), to: picture, quiet: compute.quiet)
    }
  }

  private static func text(_ level: Commitment.Level) -> String {
    String(
      format: "%.2f (%.2f to %.2f) of %.2f", level.found.value, level.found.low, level.found.high, level.possible)
  }
}
