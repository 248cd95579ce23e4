import CommandSupport
import Conditioning
import Foundation
import Generation
import Images
import Jobs
import ModelFiles
import Training

/// `img2img --imagic`: the model is taught the picture, and then draws pictures as `txt2img` does.
struct ImagicEdit {
  let input, text: String
  let options: ImagicOptions
  /// How the input comes to the size the model works at.
  let edit: EditJob
  let compute: ComputeOptions

  /// Teaches the model.
  /// - Parameter job: the flags over what lies below.
  /// - Returns: the size of the pictures, and the model that draws them.
  func prepare(_ job: PictureJob) throws -> PictureRun.Prepared {
    let loaded = try LoadedPipeline(ModelChoice(job))
    let (canvas, precision) = (
      try EditCanvas(
        ImageFile.load(URL(fileURLWithPath: input)),
        options: edit.canvasOptions(width: job.width, height: job.height), multiple: loaded.components.sizeMultiple,
        defaultSize: loaded.components.defaultSize), loaded.pipeline.precision
    )
    var settings = ImagicSettings(isBundled: ModelLocator().isBundled(job.model))
    if let steps = options.imagicSteps {
      (settings.modelSteps, settings.textSteps) = (steps, max(1, steps * settings.textSteps / settings.modelSteps))
    }
    let name = Imagic.name(
      model: loaded.modelHash, picture: canvas.working, text: text, settings: settings, precision: precision)
    let kept = options.imagicFolder ?? Self.cache.appendingPathComponent(name).path
    let imagic = Imagic(
      loaded, picture: canvas.working, text: text, settings: settings, folder: URL(fileURLWithPath: kept))
    let report = TrainingReport(quiet: compute.quiet, json: false)
    let edited = try Interruption.finishingFirst {
      try imagic.learn(share: Float(options.imagicShare ?? 0.7), report.context)
    }
    guard let edited else {
      // Stopped; what was learnt so far is kept.
      try Interruption.check()
      throw GenerationError.unsupported(what: "`imagic`: learning the picture was stopped; run again to go on")
    }
    var size = PictureJob()
    (size.width, size.height) = (canvas.working.width, canvas.working.height)
    return PictureRun.Prepared(job: size, load: { _ in edited })
  }

  private static var cache: URL {
    let hashes = ModelHash.defaultCache ?? FileManager.default.temporaryDirectory.appendingPathComponent("imago/hashes")
    return hashes.deletingLastPathComponent().appendingPathComponent("imagic")
  }
}
