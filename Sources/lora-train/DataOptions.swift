import ArgumentParser
import Training

/// What is learnt from, and where things go.
struct DataOptions: ParsableArguments {
  @Option(help: ArgumentHelp("A folder of pictures in one style.", valueName: "dir")) var style: String?
  @Option(help: ArgumentHelp("A folder of pictures of one thing (DreamBooth).", valueName: "dir")) var subject: String?
  @Option(name: .customLong("class"), help: "What the subject is, such as \"a dog\".") var className: String?
  @Option(help: "Pictures of the class that the model draws itself, so that it keeps what the class was.")
  var priorPictures = 0
  @Option(help: "What those count in the loss (1).") var priorWeight: Float?
  @Option(help: "Words put before every caption, to call the style or subject by.") var trigger: String?
  @Option(help: "What is taught: a diffusers folder, a checkpoint file or a pipeline's name (the bundled model).")
  var model: String?
  @Option(help: "The file to write (TRIGGER.safetensors).") var output: String?
  @Option(help: "The run's folder: log, state, samples (beside the output, .run).") var run: String?
  @Flag(help: "Fails unless there is a run to go on with.") var resume = false
  @Option(help: "Folder of encoded pictures and texts, to share between runs (in the run's folder).")
  var cache: String?
  @Option(help: "Side of a square picture; others have as many pixels (the model's own).") var resolution: Int?
  @Flag(
    inversion: .prefixedNo,
    help: "Keeps pictures' shapes, in groups of equal shape; else squares are cut out of those that are large enough.")
  var buckets = true
  @Option(help: "How often a caption is left out, 0 to 1.") var captionDropout: Float = 0
  @Flag(help: "Shuffles the comma-separated parts of captions.") var shuffleTags = false
  @Option(help: "Parts at the front that keep their places (0).") var keepTags: Int?
  @Flag(help: "Mirrors half of the pictures.") var flip = false
  @Flag(help: "Counts only what is opaque, or white in NAME.mask.png beside a picture.") var masked = false
  @Option(help: "Share of the pictures held back to measure on (a tenth of ten or more).") var validation: Double?

  /// The folder, whatever it shows.
  var folder: String { style ?? subject ?? "" }

  func validate() throws {
    guard (style == nil) != (subject == nil) else {
      throw ValidationError("give a folder of pictures: --style DIR or --subject DIR")
    }
    if subject != nil, trigger == nil { throw ValidationError("--subject needs --trigger: the word to call it by") }
    if keepTags != nil, !shuffleTags { throw ValidationError("--keep-tags needs --shuffle-tags") }
    if priorWeight != nil, priorPictures == 0 { throw ValidationError("--prior-weight needs --prior-pictures") }
    if subject == nil, className != nil { throw ValidationError("--class says what a --subject is") }
  }

  func settings() throws -> PictureSettings {
    var settings = PictureSettings(path: folder)
    (settings.trigger, settings.className) = (trigger, className)
    (settings.priorPictures, settings.priorWeight) = (priorPictures, priorWeight ?? 1)
    (settings.resolution, settings.usesBuckets) = (resolution, buckets)
    (settings.captionDropout, settings.shufflesTags, settings.keptTags) = (captionDropout, shuffleTags, keepTags ?? 0)
    (settings.flips, settings.isMasked, settings.validation) = (flip, masked, validation)
    return settings
  }
}
