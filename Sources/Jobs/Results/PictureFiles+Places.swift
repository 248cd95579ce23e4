import Foundation
import Generation

extension PictureFiles {
  /// Where a picture goes.
  struct Place {
    let identity: String
    var url: URL
    /// Whether it is there already.
    var isFinished = false
    /// Whether a file of that name may lose its place.
    var replaces = false
  }

  /// Finds the places of a job's pictures.
  public func look(at job: WantedJob) throws -> Outstanding {
    var notes: [String] = []
    places = job.pictures.map { picture in
      let prompt = picture.record.prompt ?? ""
      guard options.keepsManifest else {
        let url = names.url(index: picture.index, seed: picture.seed, prompt: prompt)
        return Place(identity: "", url: url, replaces: names.replaces)
      }
      let wanted = naming.url(index: picture.index, seed: picture.seed, prompt: prompt, stem: picture.stem)
      var place = Place(identity: identity(of: picture), url: wanted)
      find(&place, isDrawn: job.isDrawn, &notes)
      return place
    }
    // The pictures of a strip have one seed. If it was drawn, another run draws another one, for all of them.
    if job.isStrip, job.isDrawn, places.contains(where: { !$0.isFinished }) {
      for index in places.indices where places[index].isFinished {
        (places[index].isFinished, places[index].replaces) = (false, true)
      }
    }
    var found = Outstanding(missing: places.indices.filter { !places[$0].isFinished })
    (found.finished, found.notes) = (places.filter(\.isFinished).map(\.url), notes)
    return found
  }

  /// Looks a picture up in its folder's manifest.
  private func find(_ place: inout Place, isDrawn: Bool, _ notes: inout [String]) {
    let folder = place.url.deletingLastPathComponent()
    var manifest = manifests[folder] ?? Manifest(folder: folder)
    // Other processes may be at other jobs of the same file.
    manifest.refresh()
    manifests[folder] = manifest
    if let written = manifest.written(place.identity), FileManager.default.fileExists(atPath: written.path) {
      guard let problem = PictureFile.problem(written) else {
        (place.url, place.isFinished) = (written, true)
        return
      }
      notes.append("made again: \(problem)")
      // Another seed is another name.
      if !isDrawn {
        (place.url, place.replaces) = (written, true)
        return
      }
    }
    place.url = manifest.free(place.url, for: place.identity)
    place.replaces = manifest.owns(place.url, place.identity)
  }

  /// The hash of all that decides a picture's file.
  private func identity(of picture: WantedJob.Picture) -> String {
    let identity = picture.identity
    let text = """
      \(identity.seed)
      \(naming.format.rawValue) \(options.embedsParameters)
      \(identity.settings)
      """
    return String(SHA256.hex(Array(text.utf8)).prefix(32))
  }

  /// Throws for files that could not be written in the end; says what they will lack.
  public func check(_ job: WantedJob, missing: [Int]) throws -> [String] {
    let maskFile = job.maskFile.map { URL(fileURLWithPath: $0) }
    if let maskFile {
      try OutputNaming.check(maskFile, flag: "`mask-out`")
      try inputs.check(maskFile, setting: "mask-out")
      guard !places.contains(where: { $0.url.standardizedFileURL == maskFile.standardizedFileURL }) else {
        throw JobError.badValue(name: "`mask-out`", value: maskFile.path, reason: "is the result's own file")
      }
    }
    for index in missing { try inputs.check(places[index].url) }
    let grid = grid(of: job)
    if let grid {
      try grid.check(width: job.size.width, height: job.size.height)
      try inputs.check(grid.url, setting: "grid")
    }
    let lacking = job.telling(missing).lazy.compactMap { [self] index in
      writer.problem(storing: job.pictures[index].parameters, in: places[index].url)
    }
    // A grid's say more than those of its pictures.
    let ofGrid = grid.flatMap { writer.problem(storing: job.allParameters.format(), in: $0.url) }
    guard let problem = lacking.first ?? ofGrid else { return [] }
    let kept = options.keepsManifest ? " (\(Manifest.name) keeps them)" : ""
    return ["the pictures' parameters are left out of the files\(kept): \(problem)"]
  }

  /// The picture of all the job's pictures, if one is wanted.
  func grid(of job: WantedJob) -> PictureGrid? {
    guard let columns = options.gridColumns, places.count > 1 else { return nil }
    return PictureGrid(
      files: places.map(\.url), columns: columns > 0 ? columns : job.columns, format: writer.format)
  }
}
