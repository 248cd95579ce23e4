import Foundation
import TensorCore

/// What is done to predicted clean samples that leave the range of data.
struct CleanSampleLimit: Sendable {
  private enum Kind: Sendable {
    case none
    case clip(Float)
    /// Dynamic thresholding (Saharia et al. 2022, §2.3).
    case dynamic(ratio: Double, maximum: Float)
  }
  private let kind: Kind

  private static let clipping: Set<String> = [
    "DDPMScheduler", "DDPMParallelScheduler", "DDIMScheduler", "DDIMParallelScheduler", "DDIMInverseScheduler",
    "LCMScheduler", "TCDScheduler", "HeunDiscreteScheduler",
  ]
  private static let thresholding: Set<String> = [
    "DDPMScheduler", "DDPMParallelScheduler", "DDIMScheduler", "DDIMParallelScheduler", "LCMScheduler", "TCDScheduler",
    "DPMSolverMultistepScheduler", "DPMSolverSinglestepScheduler", "DEISMultistepScheduler", "UniPCMultistepScheduler",
  ]

  /// What the configuration asks for, where its class has the setting.
  init(_ config: SchedulerConfig) {
    kind =
      if config.given.thresholding ?? false, Self.thresholding.contains(config.className) {
        .dynamic(
          ratio: config.given.thresholdingRatio ?? 0.995, maximum: Float(config.given.thresholdingMaximum ?? 1))
      } else if config.clipSample, Self.clipping.contains(config.className) {
        .clip(config.clipSampleRange)
      } else {
        .none
      }
  }

  var isOn: Bool {
    if case .none = kind { return false }
    return true
  }

  /// - Parameter x: predicted clean samples `[B, H, W, C]`.
  func apply(_ x: Tensor) -> Tensor {
    switch kind {
    case .none: return x
    case .clip(let range): return x.clamped(-range, range)
    case .dynamic(let ratio, let maximum):
      let pictures = (0..<x.shape[0]).map { row in
        let picture = x.slice(axis: 0, from: row, count: 1)
        // At 1 this is plain clipping.
        let bound = min(max(picture.magnitudeQuantile(ratio), 1), maximum)
        return picture.clamped(-bound, bound) * (1 / bound)
      }
      return Tensor.concatenate(pictures, axis: 0)
    }
  }
}
