import Foundation
import Generation
import Images

/// Keeps the pictures of a run in memory, for whoever asked for them.
public final class PictureCollector: PictureSink {
  /// One picture with all that its file would say.
  public struct Picture: Sendable {
    public let image: Image
    /// Its settings as they were used.
    public let record: PictureJob
    /// The same as infotext.
    public let parameters: String
    /// A mask that was found for it.
    public let mask: Mask?
  }

  public private(set) var pictures: [Picture] = []

  public init() {}

  public func look(at job: WantedJob) -> Outstanding { Outstanding(missing: Array(job.pictures.indices)) }

  public func check(_ job: WantedJob, missing: [Int]) -> [String] { [] }

  public func previews(of pictures: [Int], rows: [Int], _ loaded: LoadedPipeline) -> CleanPreview? { nil }

  public func take(_ picture: MadePicture, of job: WantedJob) throws -> Delivery {
    let wanted = job.pictures[picture.place]
    let pixels = picture.batch.pixels.slice(axis: 0, from: picture.row, count: 1)
    pictures.append(
      Picture(
        image: picture.finished(ImageTensor.images(pixels)[0]), record: wanted.record, parameters: wanted.parameters,
        mask: picture.mask))
    return .taken(nil)
  }

  public func close(_ job: WantedJob, isNew: Bool) -> URL? { nil }
}
