import Checkpoints
import Conditioning
import Foundation
import TensorCore

/// Mixes checkpoints of one architecture, tensor by tensor in float32.
public struct ModelMerger {
  /// How the weights of several models become one's.
  public enum Rule: Sendable, Equatable {
    /// `Σ wᵢ · Wᵢ`, one weight a model.
    case weightedSum([Float])
    /// `W₀ + α · (W₁ − W₂)`: what was learned between two models, given to a third.
    case addDifference(Float)
  }

  private let models: [PipelineFiles]
  private let rule: Rule

  /// - Parameter models: the first gives configurations, tokenizer and autoencoder.
  /// - Throws: `GenerationError` if the number of models does not fit the rule, or their tensors do not match.
  public init(_ models: [PipelineFiles], rule: Rule) throws {
    self.models = models
    self.rule = rule
    switch rule {
    case .weightedSum(let weights):
      guard models.count >= 2, weights.count == models.count, weights.allSatisfy(\.isFinite) else {
        throw GenerationError.badValue(
          name: "`weights`", value: weights.map { "\($0)" }.joined(separator: ","),
          reason: "\(models.count) models need as many weights, two at least")
      }
    case .addDifference(let alpha):
      guard models.count == 3, alpha.isFinite else {
        throw GenerationError.unsupported(
          what: "`add-difference` takes three models, W + \(alpha) · (A − B), not \(models.count)")
      }
    }
    for model in models.dropFirst() { try check(model, against: models[0]) }
  }

  /// The merged tensor; autoencoders are not mixed, since a mean of two decodes worse than either.
  public func provide(_ part: ModelPart, _ key: String) throws -> RawTensor {
    let first = try models[0].raw(part, key)
    guard part != .vae, first.type.isFloat else { return first }
    let base = first.tensor().cast(to: .f32)
    var sum: Tensor
    switch rule {
    case .weightedSum(let weights):
      sum = base * weights[0]
      for (model, weight) in zip(models, weights).dropFirst() {
        sum = sum + (try other(model, part, key, base.shape) * weight)
      }
    case .addDifference(let alpha):
      sum = base + (try other(models[1], part, key, base.shape) - other(models[2], part, key, base.shape)) * alpha
    }
    let dtype = first.tensor().dtype
    return RawTensor(sum.cast(to: dtype))
  }

  /// Another model's tensor in the shape of the first one's. An inpainting or instruction model has more input channels:
  /// the others' weights of those are zero.
  private func other(_ model: PipelineFiles, _ part: ModelPart, _ key: String, _ shape: [Int]) throws -> Tensor {
    let tensor = try model.raw(part, key).tensor().cast(to: .f32)
    guard tensor.shape != shape, shape.count == 4 else { return tensor.reshaped(shape) }
    return tensor.withInputs(shape[1])
  }

  /// Every tensor must have a partner of its shape.
  private func check(_ model: PipelineFiles, against first: PipelineFiles) throws {
    for part in first.parts where part != .vae {
      guard let source = first.sources[part], let other = model.sources[part] else {
        throw GenerationError.noModel(path: model.url.path, reason: "has no \(part.rawValue), the first model has one")
      }
      for key in source.keys {
        let (wanted, found) = (source.shape(of: key) ?? [], other.shape(of: key))
        let isNarrower = key == "conv_in.weight" && isNarrower(found ?? [], than: wanted)
        guard found == wanted || isNarrower else {
          throw GenerationError.noModel(
            path: model.url.path,
            reason: "\(part.rawValue) \(key) has shape \(found.map { "\($0)" } ?? "none"), the first model's is "
              + "\(wanted): only models of one architecture can be merged")
        }
      }
    }
  }

  private func isNarrower(_ found: [Int], than wanted: [Int]) -> Bool {
    found.count == 4 && wanted.count == 4 && found[0] == wanted[0] && found[1] < wanted[1]
      && found[2...] == wanted[2...] && wanted[1] > models[0].configurations.network.predictionChannels
  }
}
