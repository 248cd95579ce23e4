import ArgumentParser
import CommandSupport
import DataSets
import Evaluation
import Foundation
import Images

/// A model's loss on captioned pictures, by timesteps.
struct EvalLoss: ParsableCommand, SharedAmongProcesses {
  static let configuration = CommandConfiguration(
    commandName: "loss", abstract: "Measures a model's loss on captioned pictures by bands of timesteps.",
    discussion: """
      The same pictures get the same noise each time, so that models with the same autoencoder can be compared.

      Examples:
        imago eval loss --model runs/mine/model held-back/
        imago eval loss held-back/ --bands 20 --picture loss.png
      """)

  @Argument(help: "A folder of captioned pictures that the model was not trained on.", completion: .directory)
  var data: String
  @OptionGroup var model: MeasuredModel
  @OptionGroup var pictures: MeasuredPictures
  @Option(parsing: .unconditional, help: "Bands of equal numbers of timesteps.", transform: whole) var bands = 10
  @Option(help: "A .png or .jpg of the curve.", completion: .file()) var picture: String?
  @OptionGroup var compute: ComputeOptions

  func validate() throws {
    guard (1...1000).contains(bands) else { throw ValidationError("--bands \(bands): must be 1 to 1000") }
    try EvalPicture.check(picture)
  }

  private struct Report: Encodable {
    let model: String
    let pictures: Int
    let loss: Estimate
    let bands: [BandLoss.Band]
  }

  func run() throws {
    try reportingFailures {
      try ProcessTeam.run(compute) { compute, team in try compute.run { try measure(compute, team) } }
    }
  }

  /// The processes of a team look at a range of the pictures each; its leader says what they found.
  private func measure(_ compute: ComputeOptions, _ team: ProcessTeam) throws {
    let set = try FolderDataSet(URL(fileURLWithPath: data))
    let components = try model.open()
    let loss = try BandLoss(
      components, precision: compute.chosenPrecision, data: set, side: pictures.resolution, count: pictures.count,
      bands: bands)
    let bar = ProgressBar(total: team.range(of: loss.pictures).count, label: "loss", quiet: compute.quiet)
    let found = try loss.measure(Resampling(), team: team) {
      try Interruption.check()
      bar.update(done: $0)
    }
    bar.finish()
    guard team.leads else { return }
    EvalNotes.tell(found.skipped, quiet: compute.quiet)
    if compute.json {
      try Terminal.json(
        Report(model: components.name, pictures: found.pictures, loss: found.mean, bands: found.bands))
    } else {
      Terminal.out("\(components.name): loss \(found.mean.text) on \(found.pictures) pictures")
      for band in found.bands {
        let steps = "\(band.from) to \(band.to)".padding(toLength: 12, withPad: " ", startingAt: 0)
        Terminal.out("  timesteps \(steps)  sigma \(String(format: "%-9.3g", band.sigma)) \(band.loss.text)")
      }
    }
    if let picture {
      let points = found.bands.map { (x: Double($0.from + $0.to) / 2, y: $0.loss) }
      let chart = Chart(title: "\(components.name): loss", xLabel: "timestep", [.init("", points)])
      try EvalPicture.write(chart.image(), to: picture, quiet: compute.quiet)
    }
  }
}
