import Foundation
import Generation
import Images
import Models
import TensorCore

/// How far pictures look from a folder's: the distance between means and deviations of each channel of the autoencoder's
/// encoder at each of its scales, which is what style transfer calls style (Huang & Belongie 2017, eq. 13).
///
/// Each channel counts in units of its deviation over the folder's pictures, so 0 is the folder itself and 1 is as far as
/// its own pictures lie from each other.
package struct StyleDistance {
  private let model: AutoencoderKL?
  private let precision: Precision
  private let pictures: [FineTuningBatches.Example]
  /// The folder's pictures that are looked at, at most.
  private static let limit = 64

  init(_ autoencoder: LatentAutoencoder, _ precision: Precision, pictures: [FineTuningBatches.Example]) {
    if case .kl(let model) = autoencoder { self.model = model } else { model = nil }
    (self.precision, self.pictures) = (precision, pictures.filter { !$0.picture.isPrior })
  }

  /// Mean and deviation of each channel at each scale.
  private func features(_ image: Image, _ model: AutoencoderKL) -> [Double] {
    let x = ImageTensor.pack([image]).cast(to: precision.dtype)
    return model.encoderStatistics(x).floats().map(Double.init)
  }

  /// The distance of some pictures from the folder's; nil where the model has no encoder of that kind.
  func distance(_ images: [Image]) throws -> Double? {
    guard let model, !images.isEmpty, pictures.count > 1 else { return nil }
    let chosen = stride(from: 0, to: pictures.count, by: max(1, pictures.count / Self.limit)).prefix(Self.limit)
    return try DerivedForms.untilEnd {
      Self.distance(images.map { features($0, model) }, from: try folderFeatures(chosen, model))
    }
  }

  /// Features of pictures of the folder.
  private func folderFeatures(_ chosen: some Sequence<Int>, _ model: AutoencoderKL) throws -> [[Double]] {
    try chosen.map { index -> [Double] in
      let example = pictures[index]
      let image = try ImageFile.load(example.picture.url)
      let plain = image.channels == 4 ? image.composited(over: (255, 255, 255)) : image
      let crop = Crop(width: plain.width, height: plain.height, example.shape)
      return features(crop.apply(plain).converted(toChannels: 3), model)
    }
  }

  /// Root mean square over features of the difference of the two means, in units of the second's deviations.
  package static func distance(_ found: [[Double]], from wanted: [[Double]]) -> Double {
    let width = wanted[0].count
    var sum = 0.0
    for i in 0..<width {
      let mean = wanted.reduce(0) { $0 + $1[i] } / Double(wanted.count)
      let variance = wanted.reduce(0) { $0 + ($1[i] - mean) * ($1[i] - mean) } / Double(wanted.count)
      let other = found.reduce(0) { $0 + $1[i] } / Double(found.count)
      sum += (other - mean) * (other - mean) / max(variance, 1e-8)
    }
    return (sum / Double(width)).squareRoot()
  }
}
