import Foundation
import NN
import TensorCore

/// What becomes of the axes in which an autoencoder's latents happen to be.
public enum LatentAxes: String, Codable, Sendable, Equatable {
  /// Every combination of channels gets the same deviation.
  case white
  /// Channels are the principal axes, the widest first, each with the deviation it has: channels that hold little weigh
  /// little in a denoiser's loss.
  case principal
}

/// Gives an autoencoder's latents zero mean and no correlation over the training pictures, and with `white` axes unit
/// deviation.
///
/// A network that predicts noise hardly sees a latent channel of small variance, or the difference of two channels that
/// move together, however much the decoder makes of it. The map `z → C^(-1/2) (z − m)` and its inverse are linear, so they
/// fold into `quant_conv` and `post_quant_conv` (with `principal` axes it is the rotation `Vᵀ`): pictures and reconstructions stay as they were.
struct LatentWhitening {
  private(set) var count = 0.0
  private var sum: [Double]
  private var products: [Double]
  private var variance = 0.0
  private let channels: Int
  private let axes: LatentAxes

  init(channels: Int, axes: LatentAxes = .white) {
    (self.channels, self.axes) = (channels, axes)
    sum = Array(repeating: 0, count: channels)
    products = Array(repeating: 0, count: channels * channels)
  }

  /// Takes in means and log variances, `[B, h, w, C]`. At the edge: the sums are kept on the host, in double precision.
  mutating func add(mean: Tensor, logVariance: Tensor) {
    let values = mean.floats()
    for pixel in stride(from: 0, to: values.count, by: channels) {
      for i in 0..<channels {
        let a = Double(values[pixel + i])
        sum[i] += a
        for j in 0..<channels { products[i * channels + j] += a * Double(values[pixel + j]) }
      }
    }
    count += Double(values.count / channels)
    variance += Double(logVariance.applying(.exp).mean().scalar) * Double(values.count / channels)
  }

  /// The mean of each channel and the covariance, row by row.
  private var moments: (mean: [Double], covariance: [Double]) {
    let mean = sum.map { $0 / count }
    let covariance = products.indices.map {
      products[$0] / count - mean[$0 / channels] * mean[$0 % channels]
    }
    return (mean, covariance)
  }

  /// The map of the latents, its inverse, and what the mean variance grows by.
  private func maps(_ eigen: SymmetricMatrix.Eigen) -> (forth: [Double], back: [Double], growth: Double) {
    switch axes {
    case .white:
      return (
        SymmetricMatrix.function(eigen) { 1 / $0.squareRoot() }, SymmetricMatrix.function(eigen) { $0.squareRoot() },
        // The trace of C^(-1) over the channels.
        eigen.values.reduce(0) { $0 + 1 / $1 } / Double(channels)
      )
    case .principal:
      let order = eigen.values.indices.sorted { eigen.values[$0] > eigen.values[$1] }
      let forth = (0..<channels * channels).map { eigen.vectors[$0 % channels * channels + order[$0 / channels]] }
      let back = (0..<channels * channels).map { forth[$0 % channels * channels + $0 / channels] }
      return (forth, back, 1)
    }
  }

  /// Folds the map into the convolutions beside the latents. The posterior's variance becomes the same everywhere, as
  /// large as it was on average in the new coordinates.
  func fold(into parameters: [Parameter]) throws {
    let (mean, covariance) = moments
    let eigen = SymmetricMatrix.eigen(covariance, size: channels)
    guard let least = eigen.values.min(), least > 1e-12 else {
      throw TrainingError.selfCheck(
        recipe: "whitening the latents", reason: "a combination of latent channels never changes; train on")
    }
    let (whiten, colour, growth) = maps(eigen)
    func parameter(_ name: String) throws -> Parameter {
      guard let found = parameters.first(where: { $0.name == name }) else {
        throw TrainingError.selfCheck(
          recipe: "whitening the latents", reason: "the autoencoder has no \(name)")
      }
      return found
    }
    let (weight, bias) = (try parameter("quant_conv.weight"), try parameter("quant_conv.bias"))
    let inputs = weight.shape[1]
    var (w, b) = (weight.value.floats(), bias.value.floats())
    let (oldW, oldB) = (w, b)
    for i in 0..<channels {
      for k in 0..<inputs {
        w[i * inputs + k] = Float(
          (0..<channels).reduce(0.0) { $0 + whiten[i * channels + $1] * Double(oldW[$1 * inputs + k]) })
        w[(channels + i) * inputs + k] = 0
      }
      b[i] = Float(
        (0..<channels).reduce(0.0) { $0 + whiten[i * channels + $1] * (Double(oldB[$1]) - mean[$1]) })
    }
    let logVariance = Float(log(variance / count * growth))
    for i in channels..<(2 * channels) { b[i] = logVariance }
    weight.replace(with: Tensor(w, shape: weight.shape, device: weight.value.device))
    bias.replace(with: Tensor(b, shape: bias.shape, device: bias.value.device))

    let (postWeight, postBias) = (
      try parameter("post_quant_conv.weight"), try parameter("post_quant_conv.bias")
    )
    var (p, c) = (postWeight.value.floats(), postBias.value.floats())
    let oldP = p
    for o in 0..<channels {
      for j in 0..<channels {
        p[o * channels + j] = Float(
          (0..<channels).reduce(0.0) { $0 + Double(oldP[o * channels + $1]) * colour[$1 * channels + j] })
      }
      c[o] += Float((0..<channels).reduce(0.0) { $0 + Double(oldP[o * channels + $1]) * mean[$1] })
    }
    postWeight.replace(with: Tensor(p, shape: postWeight.shape, device: postWeight.value.device))
    postBias.replace(with: Tensor(c, shape: postBias.shape, device: postBias.value.device))
  }
}
