import Foundation
import Generation
import Images

/// Where the pictures of a run go: files (`PictureFiles`), or memory (`PictureCollector`).
///
/// Of each job it is asked which pictures are still to be made, whether it can take them, and is then given them one after
/// the other; jobs do not overlap.
public protocol PictureSink: AnyObject {
  /// Finds out what is still to be made.
  func look(at job: WantedJob) throws -> Outstanding
  /// Finds out what could not be taken in the end, before anything is computed.
  /// - Parameter missing: pictures of the job by their place in it, at least one.
  /// - Returns: what of the pictures will be lacking, a line each.
  func check(_ job: WantedJob, missing: [Int]) throws -> [String]
  /// What is to be told where a batch seems to end after each step; nil if nobody wants to know.
  /// - Parameters:
  ///   - pictures: of the job, by their place in it.
  ///   - rows: the row of each in the batch.
  func previews(of pictures: [Int], rows: [Int], _ loaded: LoadedPipeline) throws -> CleanPreview?
  /// Takes a finished picture.
  func take(_ picture: MadePicture, of job: WantedJob) throws -> Delivery
  /// All pictures of the job are there.
  /// - Parameter isNew: whether any of them was made in this run.
  /// - Returns: the file of a picture of all of them, if one was made.
  func close(_ job: WantedJob, isNew: Bool) throws -> URL?
}

/// What a sink says of a job before it is computed.
public struct Outstanding: Sendable {
  /// Pictures that are to be made, by their place in the job.
  public var missing: [Int]
  /// Files that are there already.
  public var finished: [URL] = []
  /// One line a person should know each.
  public var notes: [String] = []

  public init(missing: [Int]) { self.missing = missing }
}

/// What became of a picture.
public enum Delivery: Sendable, Equatable {
  /// It was taken; its file, if it has one.
  case taken(URL?)
  /// Somebody else made the same one meanwhile.
  case thereAlready(URL)
}

/// A job of a run as a sink sees it, before it is computed.
public struct WantedJob: Sendable {
  /// One of its pictures.
  public struct Picture: Sendable {
    /// From 0 over the whole run.
    public let index: Int
    public let seed: UInt64
    /// Where it stands in its job's request.
    let position: Int
    /// Its settings as they are used, nothing left to a default.
    public let record: PictureJob
    /// The name its line gives it, without ending.
    public let stem: String?
    /// What stands for the seed among pictures that only a seed tells apart.
    let seedKey: String
    /// Its settings but for the seed.
    let decisive: PictureJob

    /// All that decides it, as text: equal for equal pictures.
    public var identity: (seed: String, settings: String) { (seedKey, Infotext.identity(of: decisive)) }

    /// Its metadata, written when it is asked for: a run of 100,000 pictures should begin at once.
    public var parameters: String { Infotext.parameters(of: record).format() }
  }

  public let line: Int?
  public let pictures: [Picture]
  /// Whether the seed was drawn and not named.
  public let isDrawn: Bool
  /// Whether the pictures are the frames of one strip.
  public let isStrip: Bool
  /// Pictures in a row of a picture of all of them.
  public let columns: Int
  /// Metadata of a picture of all of them.
  public let allParameters: GenerationParameters
  /// Pixels of each.
  public let size: PixelSize
  /// Where a mask that is found is wanted.
  public let maskFile: String?

  init(_ planned: PlannedJob, _ prepared: PreparedJob, _ loaded: LoadedPipeline) {
    (line, isDrawn, isStrip) = (planned.line, planned.isDrawn, planned.job.frames != nil)
    pictures = planned.pictures.map { picture in
      let record = prepared.record(picture.position, loaded)
      var decisive = record
      decisive.seed = 0
      // A second seed that was not named either is the drawn seed's neighbour.
      let isNeighbour = planned.isDrawn && planned.job.variationSeed == nil && planned.job.toSeed == nil
      if isNeighbour, decisive.variationSeed != nil { decisive.variationSeed = 0 }
      return Picture(
        index: picture.index, seed: picture.seed, position: picture.position, record: record,
        stem: planned.stem(of: picture), seedKey: picture.seedKey, decisive: decisive)
    }
    columns = planned.gridColumns
    allParameters = pictures.first.map { prepared.gridParameters($0.record) } ?? GenerationParameters(prompt: "")
    size = prepared.resultSize
    maskFile = prepared.edit?.maskFile
  }

  /// Those of some pictures whose metadata stand for all: of neighbours that only their seeds tell apart, the last one.
  /// - Parameter places: pictures by their place in the job.
  public func telling(_ places: [Int]) -> [Int] {
    guard !isStrip else { return places }
    return zip(places, places.dropFirst().map(Optional.some) + [nil]).compactMap { place, next in
      next.map { pictures[$0].record.prompt == pictures[place].record.prompt } == true ? nil : place
    }
  }
}

/// A picture that was made.
public struct MadePicture: Sendable {
  /// Its place in its job.
  public let place: Int
  /// The batch it came from, and its row there.
  public let batch: GeneratedBatch
  public let row: Int
  /// Its share of the batch's time.
  public let seconds: Double
  /// A mask that was found for it.
  public let mask: Mask?
  private let edit: OpenedEdit?

  init(_ place: Int, _ batch: GeneratedBatch, row: Int, seconds: Double, mask: Mask?, _ edit: OpenedEdit?) {
    (self.place, self.batch, self.row, self.seconds, self.mask) = (place, batch, row, seconds, mask)
    self.edit = edit
  }

  /// The picture in 8 bits with the transparency it keeps.
  public func finished(_ image: Image) -> Image { edit?.finished(image, mask: mask) ?? image }
}
