import Foundation
import Generation
import Images

/// The pictures of a job side by side in one file beside them.
struct PictureGrid {
  /// In reading order.
  let files: [URL]
  /// Pictures in a row.
  let columns: Int
  let url: URL
  private static let padding = 4

  /// - Parameter format: of the pictures; not `safetensors`.
  init(files: [URL], columns: Int, format: OutputNaming.Format) {
    precondition(!files.isEmpty && format != .safetensors, "a grid of \(files.count) pictures as \(format.rawValue)")
    (self.files, self.columns) = (files, columns)
    let stem = files[0].deletingPathExtension().lastPathComponent
    url = files[0].deletingLastPathComponent().appendingPathComponent("\(stem)-grid.\(files[0].pathExtension)")
  }

  /// Largest side of a JPEG, and most pixels of a picture that is read again.
  private static let (longestSide, mostPixels) = (65_500, PNG.pixelLimit)

  /// Throws if the grid could not be written, before its pictures are made.
  /// - Parameters: width and height of each picture.
  func check(width: Int, height: Int) throws(JobError) {
    let columns = min(columns, files.count)
    let rows = (files.count + columns - 1) / columns
    let wide = columns * (width + Self.padding) + Self.padding
    let high = rows * (height + Self.padding) + Self.padding
    let isJPEG = url.pathExtension.lowercased() != "png"
    guard wide * high <= Self.mostPixels, !isJPEG || max(wide, high) <= Self.longestSide else {
      throw .badValue(
        name: "`grid`", value: "\(wide)×\(high)",
        reason: "is more than a picture can hold: give other `columns`, fewer pictures, or leave it out")
    }
  }

  /// - Parameter parameters: how the first picture was made.
  func write(_ parameters: GenerationParameters?) throws {
    let images = try files.map { try ImageFile.load($0) }
    let text = parameters.map { $0.format() }.flatMap { format -> [PNG.Text]? in
      ImageFile.problem(storing: format, in: url) == nil ? [(ImageFile.parametersKey, format)] : nil
    }
    try ImageFile.save(ImageGrid.make(images, columns: columns, padding: Self.padding), to: url, text: text ?? [])
  }
}

extension PlannedJob {
  /// Pictures in a row of its grid: a strip is one row, others are about square.
  var gridColumns: Int {
    job.frames ?? Int(Double(pictures.count).squareRoot().rounded(.up))
  }
}

extension PreparedJob {
  /// What a grid's metadata says: the first picture's, and the strip it starts.
  func gridParameters(_ first: PictureJob) -> GenerationParameters {
    var record = first
    if let frames = job.frames { (record.frames, record.toPrompt, record.toSeed) = (frames, job.toPrompt, job.toSeed) }
    return Infotext.parameters(of: record)
  }
}
