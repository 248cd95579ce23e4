import Foundation
import Generation

extension JobRun {
  /// A picture and where it goes.
  struct Place {
    let picture: PlannedPicture
    /// Its settings as they are used.
    let record: PictureJob
    /// What its file says of them.
    let parameters: String
    let identity: String
    var url: URL
    /// Whether it is there already.
    var isFinished = false
    /// Whether a file of that name may lose its place.
    var replaces = false
  }

  /// All pictures of a job.
  mutating func places(
    _ planned: PlannedJob, _ prepared: PreparedJob, _ loaded: LoadedPipeline
  ) throws -> [Place] {
    var places: [Place] = []
    for picture in planned.pictures {
      let record = prepared.record(picture.position, loaded)
      let parameters = Infotext.parameters(of: record).format()
      // Asked for by manifests alone.
      let identity = runner.options.keepsManifest ? Self.identity(record, picture, planned, runner) : ""
      let prompt = record.prompt ?? ""
      if runner.options.keepsManifest {
        let wanted = runner.naming.url(
          index: picture.index, seed: picture.seed, prompt: prompt, stem: planned.stem(of: picture))
        var place = Place(picture: picture, record: record, parameters: parameters, identity: identity, url: wanted)
        find(&place, isDrawn: planned.isDrawn)
        places.append(place)
      } else {
        let url = names.url(index: picture.index, seed: picture.seed, prompt: prompt)
        places.append(
          Place(
            picture: picture, record: record, parameters: parameters, identity: identity, url: url,
            replaces: names.replaces))
      }
    }
    // The pictures of a strip have one seed. If it was drawn, another run draws another one, for all of them.
    guard planned.job.frames != nil, planned.isDrawn, places.contains(where: { !$0.isFinished }) else { return places }
    for index in places.indices where places[index].isFinished {
      (places[index].isFinished, places[index].replaces) = (false, true)
    }
    return places
  }

  /// Looks a picture up in its folder's manifest.
  private mutating func find(_ place: inout Place, isDrawn: Bool) {
    let folder = place.url.deletingLastPathComponent()
    let manifest = manifests[folder] ?? Manifest(folder: folder)
    manifests[folder] = manifest
    if let written = manifest.written(place.identity), FileManager.default.fileExists(atPath: written.path) {
      guard let problem = PictureFile.problem(written) else {
        (place.url, place.isFinished) = (written, true)
        return
      }
      events.onNote("made again: \(problem)")
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
  private static func identity(
    _ record: PictureJob, _ picture: PlannedPicture, _ planned: PlannedJob, _ runner: JobRunner
  ) -> String {
    var decisive = record
    decisive.seed = 0
    // A second seed that was not named either is the drawn seed's neighbour.
    if planned.isDrawn, planned.job.variationSeed == nil, planned.job.toSeed == nil, decisive.variationSeed != nil {
      decisive.variationSeed = 0
    }
    let text = """
      \(picture.seedKey)
      \(runner.naming.format.rawValue) \(runner.options.embedsParameters)
      \(Infotext.identity(of: decisive))
      """
    return String(SHA256.hex(Array(text.utf8)).prefix(32))
  }
}
