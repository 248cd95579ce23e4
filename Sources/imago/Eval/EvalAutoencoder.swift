import ArgumentParser
import CommandSupport
import DataSets
import Evaluation
import Foundation
import Images

/// How much an autoencoder gives back.
struct EvalAutoencoder: ParsableCommand, SharedAmongProcesses {
  static let configuration = CommandConfiguration(
    commandName: "autoencoder", abstract: "Measures how much of pictures a model's autoencoder gives back.",
    discussion: """
      PSNR in dB and SSIM (1 for equal pictures) between pictures and what the decoder makes of the encoder's mean.

      Examples:
        imago eval autoencoder --model runs/mine/model photos/
        imago eval autoencoder photos/ --count 50 --picture before-after.png
      """)

  @Argument(help: "A folder of pictures.", completion: .directory) var data: String
  @OptionGroup var model: MeasuredModel
  @OptionGroup var pictures: MeasuredPictures
  @Option(help: "A .png or .jpg of the first eight pictures, above what became of them.", completion: .file())
  var picture: String?
  @OptionGroup var compute: ComputeOptions

  func validate() throws { try EvalPicture.check(picture) }

  private struct Report: Encodable {
    let model: String
    let pictures: Int
    let psnr, ssim: Estimate
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
    let quality = try AutoencoderQuality(
      components, precision: compute.chosenPrecision, data: set, side: pictures.resolution, count: pictures.count)
    let bar = ProgressBar(total: team.range(of: quality.pictures).count, label: "autoencoder", quiet: compute.quiet)
    let found = try quality.measure(Resampling(), examples: picture == nil || !team.leads ? 0 : 8, team: team) {
      try Interruption.check()
      bar.update(done: $0)
    }
    bar.finish()
    guard team.leads else { return }
    EvalNotes.tell(found.skipped, quiet: compute.quiet)
    if compute.json {
      try Terminal.json(
        Report(model: components.name, pictures: found.pictures, psnr: found.psnr, ssim: found.ssim))
    } else {
      Terminal.out("\(components.name): \(found.pictures) pictures")
      Terminal.out("  PSNR  \(found.psnr.text) dB")
      Terminal.out("  SSIM  \(found.ssim.text)")
    }
    if let picture {
      let rows = found.examples.map(\.before) + found.examples.map(\.after)
      try EvalPicture.write(
        ImageGrid.make(rows, columns: found.examples.count, padding: 2), to: picture, quiet: compute.quiet)
    }
  }
}
