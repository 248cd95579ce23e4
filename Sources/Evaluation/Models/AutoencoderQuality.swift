import DataSets
import Generation
import Images
import Models
import TensorCore
import Training

/// How much of pictures an autoencoder gives back.
public struct AutoencoderQuality {
  private let codec: LatentCodec
  private let data: FolderDataSet
  private let side: Int
  /// Pictures that are looked at.
  public let pictures: Int

  /// What became of the pictures.
  public struct Result: Sendable {
    public let psnr, ssim: Estimate
    /// The first pictures and what they became.
    public let examples: [(before: Image, after: Image)]
    /// Pictures that were measured.
    public let pictures: Int
    /// What is wrong with the others, a line each.
    public let skipped: [String]
  }

  /// - Parameters:
  ///   - side: pixels the middle square of each picture is brought to; nil for the model's size.
  ///   - count: pictures that are looked at.
  public init(
    _ components: PipelineComponents, precision: Precision, data: FolderDataSet, side: Int?, count: Int
  ) throws {
    self.side = side ?? components.defaultSize
    try GenerationRequest.checkSide("`resolution`", self.side, multiple: components.sizeMultiple)
    guard self.side >= 16 else { throw EvaluationError.cannot("`resolution` \(self.side): must be 16 or more") }
    codec = LatentCodec(components.autoencoder, precision: precision)
    self.data = data
    pictures = min(count, data.count)
  }

  /// - Parameters:
  ///   - examples: pictures that are kept.
  ///   - team: those who look at a range of the pictures each.
  ///   - progress: told how many pictures are done; throw to stop.
  /// - Throws: `noData` if not one picture can be read.
  public func measure(
    _ resampling: Resampling, examples: Int = 0, team: any WorkTeam = NoTeam(),
    progress: (_ done: Int) throws -> Void
  ) throws -> Result {
    var kept: [(before: Image, after: Image)] = []
    let (values, skipped) = try ReadablePictures.map(pictures, at: data.folder.path, team, progress) { index in
      let image = try data.example(index, size: side).image
      let decoded = try codec.givenBack(image)
      if kept.count < examples { kept.append((image, decoded)) }
      // What is given back bit by bit has no noise to speak of; 8 bits leave 59 dB.
      return [min(PictureSimilarity.psnr(image, decoded), 99), PictureSimilarity.ssim(image, decoded)]
    }
    // Where others looked at some of the first ones.
    for index in team.range(of: pictures).upperBound..<pictures where kept.count < examples {
      do {
        let image = try data.example(index, size: side).image
        kept.append((image, try codec.givenBack(image)))
      } catch is ImageError { continue }
    }
    return Result(
      psnr: resampling.mean(values.map { $0[0] }), ssim: resampling.mean(values.map { $0[1] }), examples: kept,
      pictures: values.count, skipped: skipped)
  }
}
