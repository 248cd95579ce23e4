import Foundation

/// The pictures of a run: those of the folder, and those of the class that keep it what it was.
struct OpenedPictures {
  let settings: PictureSettings
  let rules: CaptionRules

  init(_ settings: PictureSettings, rules: CaptionRules) { (self.settings, self.rules) = (settings, rules) }

  /// What was found.
  struct Found {
    /// Without those that are skipped.
    fileprivate(set) var pictures: [TrainingPicture]
    fileprivate(set) var priors: [TrainingPicture] = []
    var skipped: [TrainingPictures.Skipped]
    let priorWeight: Float

    var count: Int { pictures.count }

    /// Adds pictures of the class.
    mutating func addPriors(_ folder: URL?, rules: CaptionRules) throws {
      guard let folder, let className = rules.className else { return }
      let plain = CaptionRules(PictureSettings(path: folder.path))
      priors = try TrainingPictures(folder, rules: plain, isMasked: false, least: 1).pictures.map {
        TrainingPicture(
          url: $0.url, name: $0.name, caption: className, width: $0.width, height: $0.height, repeats: 1, hash: $0.hash,
          weight: priorWeight, isPrior: true)
      }
    }

    /// Examples to train on, and those held back.
    /// - Throws: `noData` if no picture is as large as one step of the buckets.
    mutating func split(buckets: Buckets, validation: Double?, seed: UInt64) throws -> (
      training: [FineTuningBatches.Example], validation: [FineTuningBatches.Example]
    ) {
      let all = pictures
      pictures = []
      var fitting: [FineTuningBatches.Example] = []
      for picture in all {
        if let shape = buckets.shape(width: picture.width, height: picture.height) {
          pictures.append(picture)
          fitting.append(FineTuningBatches.Example(picture: picture, shape: shape))
        } else {
          let size = "\(picture.width)×\(picture.height)"
          skipped.append(
            TrainingPictures.Skipped(
              name: picture.name, reason: "is \(size): smaller than \(buckets.step) pixels, and nothing is enlarged"))
        }
      }
      guard !fitting.isEmpty else {
        throw TrainingError.noData(
          path: all[0].url.deletingLastPathComponent().path,
          reason: "no picture has \(buckets.step) pixels a side; give larger pictures or a smaller `resolution`")
      }
      let share = validation ?? (fitting.count >= 10 ? 0.1 : 0)
      let held = min(Int((Double(fitting.count) * share).rounded()), fitting.count - 1)
      // Which ones is decided by the pictures themselves: more pictures in the folder leave most of them held back.
      let order = fitting.indices.sorted { fitting[$0].picture.hash < fitting[$1].picture.hash }
      let chosen = Set(order.prefix(held))
      let training = fitting.indices.filter { !chosen.contains($0) }.flatMap { index in
        Array(repeating: fitting[index], count: fitting[index].picture.repeats)
      }
      return (pairedWithPriors(training, buckets), chosen.sorted().map { fitting[$0] })
    }

    /// As many examples of the class as of the subject; whichever are fewer come again.
    private func pairedWithPriors(
      _ training: [FineTuningBatches.Example], _ buckets: Buckets
    ) -> [FineTuningBatches.Example] {
      let usable = priors.compactMap { picture in
        buckets.shape(width: picture.width, height: picture.height).map {
          FineTuningBatches.Example(picture: picture, shape: $0)
        }
      }
      guard !usable.isEmpty else { return training }
      let count = max(training.count, usable.count)
      return (0..<count).map { training[$0 % training.count] } + (0..<count).map { usable[$0 % usable.count] }
    }
  }

  /// - Parameter own: files and folders of the run, which are no pictures to learn from.
  func open(own: [URL]) throws -> Found {
    let read = try TrainingPictures(
      URL(fileURLWithPath: settings.path), rules: rules, isMasked: settings.isMasked, least: 8, own: own)
    return Found(pictures: read.pictures, skipped: read.skipped, priorWeight: settings.priorWeight)
  }
}
