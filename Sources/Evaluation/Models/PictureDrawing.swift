import Conditioning
import Foundation
import Generation
import Images
import Jobs

/// Draws pictures of many prompts with one model, to be measured.
public struct PictureDrawing {
  /// A picture to draw.
  public struct Item: Sendable {
    public var job: PictureJob
    public var truth: PictureTruth

    public init(_ job: PictureJob, _ truth: PictureTruth = PictureTruth()) { (self.job, self.truth) = (job, truth) }

    /// A caption, which is text and no prompt language.
    public init(caption: String, _ truth: PictureTruth) {
      var job = PictureJob()
      (job.prompt, job.emphasis) = (caption, Emphasis.none)
      self.init(job, truth)
    }
  }

  public let loaded: LoadedPipeline
  /// The flags, under what each picture's own job says.
  public var settings: PictureJob

  /// Loads the model.
  public init(_ settings: PictureJob) throws {
    loaded = try LoadedPipeline(ModelChoice(settings))
    self.settings = settings
  }

  /// Draws all pictures; picture i has seed `seed + i` unless its job names one.
  /// - Parameters:
  ///   - batch: pictures at once; they do not depend on it.
  ///   - progress: told how many pictures are done, with each step; throw to stop.
  public func draw(
    _ items: [Item], seed: UInt64, batch: Int, progress: (_ done: Int) throws -> Void = { _ in }
  ) throws -> [Image] {
    var images: [Image] = []
    while images.count < items.count {
      let start = images.count
      let rest = items[start...]
      let alike = rest.prefix(batch).prefix { Self.settings($0.job) == Self.settings(items[start].job) }
      let whole = PictureJob.layered([PictureJob(pipeline: loaded.spec), settings, items[start].job])
      var request = try whole.request(
        loaded.components, seeds: alike.indices.map { items[$0].job.seed ?? seed &+ UInt64($0) })
      request.prompts = alike.map { $0.job.prompt ?? "" }
      images += ImageTensor.images(
        try loaded.pipeline.generate(request) { _ in try progress(start) }.pixels)
      try progress(images.count)
    }
    return images
  }

  /// All of a job but what pictures of one batch may differ in.
  private static func settings(_ job: PictureJob) -> PictureJob {
    var job = job
    (job.prompt, job.seed) = (nil, nil)
    return job
  }

  /// Drawn pictures as what is measured.
  public func judged(_ items: [Item], _ images: [Image]) -> JudgedPictures {
    JudgedPictures(
      place: loaded.spec.name, names: items.indices.map { "picture \($0)" },
      captions: items.map { $0.job.prompt ?? "" }, truths: items.map(\.truth), load: { images[$0] })
  }
}
