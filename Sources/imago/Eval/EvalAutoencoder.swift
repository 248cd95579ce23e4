import ArgumentParser
import CommandSupport
import DataSets
import Evaluation
import Foundation
import Images

/// How much an autoencoder gives back.
struct EvalAutoencoder: ParsableCommand {
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
    try reportingFailures { try compute.run { try measure() } }
  }

  private func measure() throws {
    let set = try FolderDataSet(URL(fileURLWithPath: data))
    let components = try model.open()
    let quality = try AutoencoderQuality(
      components, precision: compute.chosenPrecision, data: set, side: pictures.resolution, count: pictures.count)
    let bar = ProgressBar(total: quality.pictures, label: "autoencoder", quiet: compute.quiet)
    let found = try quality.measure(Resampling(), examples: picture == nil ? 0 : 8) {
      try Interruption.check()
      bar.update(done: $0)
    }
    bar.finish()
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
