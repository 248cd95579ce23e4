import Files
import Foundation
import Gallery
import Generation
import Images
import Jobs
import TensorCore

/// Takes the pictures of a served job: as the bytes the command would write, for whoever waits and for the gallery.
final class PictureTaker: PictureSink {
  private let job: ServedJob
  private let desk: JobDesk
  private let files: ServedFiles
  private var previews: PreviewPace

  init(_ job: ServedJob, _ desk: JobDesk, _ files: ServedFiles) {
    (self.job, self.desk, self.files) = (job, desk, files)
    previews = PreviewPace()
  }

  /// All but what is finished from before a crash.
  func look(at wanted: WantedJob) -> Outstanding {
    let done = job.read { state in Set(state.pictures.map(\.index)) }
    return Outstanding(missing: wanted.pictures.indices.filter { !done.contains($0) })
  }

  func check(_ job: WantedJob, missing: [Int]) -> [String] {
    let lacking = job.telling(missing).lazy.compactMap { Self.problem(job.pictures[$0].parameters) }.first
    return lacking.map { ["the pictures' parameters are left out of the files: \($0)"] } ?? []
  }

  private static func problem(_ parameters: String) -> String? {
    ImageFile.problem(storing: parameters, in: URL(fileURLWithPath: "picture.png"))
  }

  func previews(of pictures: [Int], rows: [Int], _ loaded: LoadedPipeline) -> CleanPreview? {
    guard let row = rows.first else { return nil }
    let codec = LatentCodec(loaded.components.autoencoder, precision: loaded.pipeline.precision)
    previews.restart()
    return { [job, previews] clean, step in
      // The last step's is the picture itself.
      guard job.wantsPreview, step.index + 1 < step.count, previews.isTurn else { return }
      let jpeg = try previews.timed {
        let pixels = try codec.decode(clean.slice(axis: 0, from: row, count: 1))
        return try Self.small(ImageTensor.images(pixels)[0])
      }
      job.change { state in state.preview = ((state.preview?.number ?? 0) + 1, jpeg) }
    }
  }

  /// Longest side of a preview, in pixels.
  private static let previewSide = 512

  private static func small(_ image: Image) throws -> Data {
    let scale = Double(previewSide) / Double(max(image.width, image.height))
    let small =
      scale >= 1
      ? image
      : image.resized(
        width: max(Int(Double(image.width) * scale), 1), height: max(Int(Double(image.height) * scale), 1),
        filter: .bilinear)
    return Data(try JPEG.encode(small, quality: 80))
  }

  func take(_ picture: MadePicture, of wanted: WantedJob) throws -> Delivery {
    let described = wanted.pictures[picture.place]
    let pixels = picture.batch.pixels.slice(axis: 0, from: picture.row, count: 1)
    // What the command writes (`PictureWriter`).
    let parameters = described.parameters
    let text: [PNG.Text] = Self.problem(parameters) == nil ? [(ImageFile.parametersKey, parameters)] : []
    let png = Data(try PNG.encode(picture.finished(ImageTensor.images(pixels)[0]), text: text))
    var id: Int64?
    let isHalfMade = job.change { state in
      defer { state.isHalfMade = false }
      return state.isHalfMade
    }
    if job.savesPictures, !isHalfMade {
      id = try desk.keeper.add(
        picture: png, record: files.named(described.record), infotext: parameters, job: job.id,
        index: picture.place, madeFrom: sources)
    }
    let told = JobPicture(id: id, index: picture.place, seed: "\(described.seed)")
    job.change { state in
      state.pictures.append(told)
      state.preview = nil
      if !job.isKept {
        state.files.append(
          MadeFile(png: png, infotext: described.parameters, seed: described.seed, index: picture.place))
      }
    }
    if job.isKept { desk.note(job) }
    return .taken(nil)
  }

  /// The pictures that came with the request.
  private var sources: PictureSources {
    func file(_ path: String?) -> URL? { path.flatMap { $0 == EditJob.alphaMask ? nil : URL(fileURLWithPath: $0) } }
    return PictureSources(image: file(job.job.edit.input), mask: file(job.job.edit.mask))
  }

  func close(_ job: WantedJob, isNew: Bool) -> URL? { nil }
}

/// When a preview's turn is: so seldom that all of them take a tenth of the time.
final class PreviewPace {
  private static let share = 0.1
  private var next = ContinuousClock.now
  private var cost = Duration.zero

  /// A new batch: a preview that cost little may come soon.
  func restart() { next = .now + cost }

  var isTurn: Bool { .now >= next }

  /// Makes a preview and measures what it costs.
  func timed<Value>(_ work: () throws -> Value) rethrows -> Value {
    let start = ContinuousClock.now
    defer {
      cost = .now - start
      next = .now + cost / Self.share
    }
    return try work()
  }
}
