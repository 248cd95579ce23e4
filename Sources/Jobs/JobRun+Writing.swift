import Files
import Foundation
import Generation
import Images

extension JobRun {
  /// Makes one batch and writes it.
  /// - Returns: the files, which have other names than planned where those were taken meanwhile.
  mutating func make(
    _ missing: [Place], _ prepared: PreparedJob, _ planned: PlannedJob, _ loaded: LoadedPipeline,
    _ forecast: inout RunForecast
  ) throws -> [URL] {
    let part = prepared.part(missing.map(\.picture.position))
    try stopping { try events.onStart((missing.first?.picture.index ?? 0) + 1, runner.pictureCount) }
    let started = Date()
    let rows = missing.indices.map { part.stream == .torchBatch ? missing[$0].picture.position : $0 }
    var previews = try previews(loaded, urls: missing.map(\.url), rows: rows)
    let onClean: CleanPreview = { clean, _ in try previews?.show(clean) }
    let made = try prepared.generate(
      part, loaded,
      onStep: { done, count in
        if let line = forecast.told(atStep: done) { events.onNote(line) }
        try stopping { try events.onStep(done, count) }
      },
      onClean: previews == nil ? nil : onClean)
    let seconds = Date().timeIntervalSince(started) / Double(missing.count)
    var (urls, failure): ([URL], (any Error)?) = ([], nil)
    for (item, row) in zip(missing, rows) {
      var url = item.url
      defer { urls.append(url) }
      do {
        let mask = row < made.masks.count ? made.masks[row] : nil
        let isNew = try write(item, made.batch, row: row, to: &url) { prepared.edit?.finished($0, mask: mask) ?? $0 }
        guard isNew else {
          events.onSkip(url)
          continue
        }
        if runner.options.keepsManifest {
          let entry = Manifest.Entry(
            file: url.lastPathComponent, identity: item.identity, line: planned.line, seed: item.picture.seed,
            seconds: (seconds * 1000).rounded() / 1000, parameters: item.parameters)
          try manifests[url.deletingLastPathComponent()]?.append(entry)
        }
        let shape = made.batch.pixels.shape
        let finished = FinishedPicture(
          url: url, line: planned.line, seed: item.picture.seed, record: item.record, strength: prepared.edit?.strength,
          width: shape[2], height: shape[1], seconds: seconds)
        try stopping { try events.onPicture(finished) }
      } catch let stop as Stop {
        throw stop
      } catch {
        // What is finished besides is not lost with it.
        failure = failure ?? error
      }
    }
    if missing.first?.picture.position == 0 { try prepared.edit?.save(made.masks.first) }
    if let failure { throw failure }
    return urls
  }

  /// Writes one picture under its name, or the next one if another process took that.
  /// - Parameter url: becomes the file's.
  /// - Returns: whether this call wrote it; another process may have made the same picture.
  private mutating func write(
    _ item: Place, _ batch: GeneratedBatch, row: Int, to url: inout URL, _ finish: (Image) -> Image
  ) throws -> Bool {
    var replaces = item.replaces
    let folder = url.deletingLastPathComponent()
    let (picture, prompt) = (item.picture, item.record.prompt ?? "")
    if !runner.options.keepsManifest, names.hasMoved {
      url = names.another(index: picture.index, seed: picture.seed, prompt: prompt)
    }
    while true {
      try OutputNaming.prepare(url)
      do {
        // Only PNG holds transparency.
        try writer.write(
          batch, index: row, parameters: item.parameters, to: url, replacing: replaces,
          finish: writer.format == .png ? finish : { $0 })
        return true
      } catch is FilePlacement.Taken {
        guard runner.options.keepsManifest else {
          url = names.another(index: picture.index, seed: picture.seed, prompt: prompt)
          continue
        }
        let manifest = Manifest(folder: folder)
        manifests[folder] = manifest
        if let written = manifest.written(item.identity), PictureFile.isWhole(written) {
          url = written
          return false
        }
        url = manifest.free(item.url, for: item.identity)
        replaces = manifest.owns(url, item.identity)
      }
    }
  }

  /// What writes the previews of a batch, if there are to be any.
  private mutating func previews(_ loaded: LoadedPipeline, urls: [URL], rows: [Int]) throws -> PicturePreviews? {
    guard let options = runner.options.previews else { return nil }
    if tiny == nil, let path = options.taesd { tiny = try TinyAutoencoder(URL(fileURLWithPath: path)) }
    if let url = urls.first { try OutputNaming.prepare(url) }
    return try PicturePreviews(
      options, tiny, loaded, urls: urls, rows: rows, replaces: runner.options.keepsManifest || names.replaces)
  }
}
