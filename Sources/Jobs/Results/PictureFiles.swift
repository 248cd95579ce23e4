import Files
import Foundation
import Generation
import Images

/// Writes the pictures of a run to files, each under its own name once it is whole, and keeps the folders' manifests.
final class PictureFiles: PictureSink {
  let options: JobRunner.Options
  let naming: OutputNaming
  let inputs: InputFiles
  let writer: PictureWriter
  /// What the folders' manifests hold.
  var manifests: [URL: Manifest] = [:]
  /// Names of pictures that no manifest keeps.
  var names: NewNames
  /// Of the job that is being made.
  var places: [Place] = []
  /// TAESD for previews, once it is loaded.
  private var tiny: TinyAutoencoder?

  init(_ runner: JobRunner) {
    (options, naming, inputs) = (runner.options, runner.naming, runner.inputs)
    let first = runner.jobs.first
    names = NewNames(naming, seed: first?.pictures.first?.seed ?? 0, prompt: first?.job.prompt ?? "")
    writer = PictureWriter(format: naming.format, embedsParameters: options.embedsParameters)
  }

  func previews(of pictures: [Int], rows: [Int], _ loaded: LoadedPipeline) throws -> CleanPreview? {
    guard let wanted = options.previews else { return nil }
    if tiny == nil, let path = wanted.taesd { tiny = try TinyAutoencoder(URL(fileURLWithPath: path)) }
    let urls = pictures.map { places[$0].url }
    if let url = urls.first { try OutputNaming.prepare(url) }
    var previews = try PicturePreviews(
      wanted, tiny, loaded, urls: urls, rows: rows, replaces: options.keepsManifest || names.replaces)
    return { clean, _ in try previews.show(clean) }
  }

  func take(_ picture: MadePicture, of job: WantedJob) throws -> Delivery {
    let wanted = job.pictures[picture.place]
    if wanted.position == 0, let path = job.maskFile, let mask = picture.mask {
      try OutputNaming.prepare(URL(fileURLWithPath: path))
      try ImageFile.save(mask.image, to: URL(fileURLWithPath: path))
    }
    guard try write(picture, wanted) else { return .thereAlready(places[picture.place].url) }
    let place = places[picture.place]
    if options.keepsManifest {
      let entry = Manifest.Entry(
        file: place.url.lastPathComponent, identity: place.identity, line: job.line, seed: wanted.seed,
        seconds: (picture.seconds * 1000).rounded() / 1000, parameters: wanted.parameters)
      try manifests[place.url.deletingLastPathComponent()]?.append(entry)
    }
    return .taken(place.url)
  }

  /// Writes one picture under its name, or the next one if another process took that.
  /// - Returns: whether this call wrote it; another process may have made the same picture.
  private func write(_ picture: MadePicture, _ wanted: WantedJob.Picture) throws -> Bool {
    let (place, prompt) = (places[picture.place], wanted.record.prompt ?? "")
    var (url, replaces) = (place.url, place.replaces)
    defer { places[picture.place].url = url }
    let folder = url.deletingLastPathComponent()
    if !options.keepsManifest, names.hasMoved {
      url = names.another(index: wanted.index, seed: wanted.seed, prompt: prompt)
    }
    while true {
      try OutputNaming.prepare(url)
      do {
        // Only PNG holds transparency.
        try writer.write(
          picture.batch, index: picture.row, parameters: wanted.parameters, to: url, replacing: replaces,
          finish: { [writer] in writer.format == .png ? picture.finished($0) : $0 })
        return true
      } catch is FilePlacement.Taken {
        guard options.keepsManifest else {
          url = names.another(index: wanted.index, seed: wanted.seed, prompt: prompt)
          continue
        }
        let manifest = Manifest(folder: folder)
        manifests[folder] = manifest
        if let written = manifest.written(place.identity), PictureFile.isWhole(written) {
          url = written
          return false
        }
        url = manifest.free(place.url, for: place.identity)
        replaces = manifest.owns(url, place.identity)
      }
    }
  }

  func close(_ job: WantedJob, isNew: Bool) throws -> URL? {
    guard let grid = grid(of: job), isNew || !PictureFile.isWhole(grid.url) else { return nil }
    try grid.write(options.embedsParameters ? job.allParameters : nil)
    return grid.url
  }
}
