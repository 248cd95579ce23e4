import Conditioning
import Diffusion
import Models
import NN
import TensorCore

/// A classifier of noisy latents or pixels (Dhariwal & Nichol 2021, §4): `p(class | x_t, t)`.
public struct NoisyClassifier: Sendable {
  public let network: EncoderUNet2DModel
  /// What its outputs stand for.
  public let classes: [String]
  public let space: SampleSpace
  /// What it was trained on; nil for clean samples alone.
  public let scheduler: SchedulerConfig?
  public let name: String

  public init(
    network: EncoderUNet2DModel, classes: [String], space: SampleSpace, scheduler: SchedulerConfig?, name: String
  ) {
    precondition(network.config.projectionDim == classes.count, "\(classes.count) classes for \(network.config)")
    (self.network, self.classes, self.space) = (network, classes, space)
    (self.scheduler, self.name) = (scheduler, name)
  }

  /// The output that stands for a class.
  /// - Throws: `GenerationError.badValue` that lists the names there are.
  public func index(of className: String) throws(GenerationError) -> Int {
    guard let index = classes.firstIndex(of: className) else {
      throw .badValue(name: "`class`", value: className, reason: "\(name) knows \(classes.joined(separator: ", "))")
    }
    return index
  }

  /// Logits `[B, classes]`, float32, of samples `[B, h, w, C]`.
  /// - Parameter timesteps: one a row; 0 for clean ones.
  public func logits(_ samples: Tensor, timesteps: [Float]) -> Tensor {
    network(samples.cast(to: .f32), timesteps: timesteps)
  }

  /// `∇ₓ log p(class | x, t)` for samples `[B, h, w, C]`, in float32 whatever the model's arithmetic.
  /// - Parameter wanted: a class for each.
  public func gradient(_ samples: Tensor, timestep: Float, classes wanted: [Int]) -> Tensor {
    let targets = Tensor(
      wanted.flatMap { index in classes.indices.map { $0 == index ? Float(1) : 0 } },
      shape: [wanted.count, classes.count])
    // The mean over the rows times their number: each row's own.
    return SampleGradient.of(samples) {
      logits($0, timesteps: wanted.map { _ in timestep }).crossEntropy(targets) * -Float(wanted.count)
    }
  }
}

/// Gradients with respect to samples.
enum SampleGradient {
  /// The gradient of a scalar function at a sample, shaped like it.
  static func of(_ sample: Tensor, _ function: (Tensor) -> Tensor) -> Tensor {
    let variable = Variable(sample.cast(to: .f32))
    let (_, gradients) = valueAndGradients { function(variable.value) }
    return gradients[variable] ?? .zeros(sample.shape)
  }
}
