import Models
import TensorCore

/// A second prompt mixed into the first.
public struct PromptBlend: Sendable, Equatable {
  public var prompt: String
  /// 0 is the request's own prompt, 1 this one.
  public var share: Double

  public init(prompt: String, share: Double) {
    self.prompt = prompt
    self.share = share
  }
}

/// What the network is told about one picture: a prompt, or a point on the way between two.
package struct PictureConditioning: Sendable {
  package let first: ConditioningPlan
  private let second: (plan: ConditioningPlan, share: Double)?

  package init(_ plan: ConditioningPlan) {
    first = plan
    second = nil
  }

  /// - Throws: if the prompts cannot be mixed part by part.
  package init(_ plan: ConditioningPlan, towards other: ConditioningPlan, share: Double) throws(GenerationError) {
    let (a, b) = (plan.step(0).parts, other.step(0).parts)
    guard a.count == b.count, zip(a, b).allSatisfy({ $0.conditioning.context?.shape == $1.conditioning.context?.shape })
    else {
      throw .unsupported(
        what:
          "the two prompts differ in length (chunks of 75 tokens, parts joined by AND), so there is no way between them"
      )
    }
    guard a.allSatisfy({ $0.conditioning.classes == nil }) else {
      throw .unsupported(what: "the model is told classes, and there is no way between two of them")
    }
    first = plan
    second = share == 0 ? nil : (other, share)
  }

  /// The texts of a step with their weights.
  package func parts(_ index: Int) -> [(conditioning: NetworkConditioning, weight: Float)] {
    let parts = first.step(index).parts
    guard let second else { return parts }
    return zip(parts, second.plan.step(index).parts).map { a, b in
      if second.share == 1 { return b }
      let share = Float(second.share)
      return (
        a.conditioning.turned(towards: b.conditioning, second.share), a.weight + (b.weight - a.weight) * share
      )
    }
  }

  /// The conditioning of "nothing"; nil without guidance.
  package func unconditional(_ index: Int) -> NetworkConditioning? { first.step(index).unconditional }
}

extension NetworkConditioning {
  /// Spherical interpolation of texts of equal length.
  fileprivate func turned(towards other: NetworkConditioning, _ t: Double) -> NetworkConditioning {
    func turned(_ a: Tensor?, _ b: Tensor?) -> Tensor? { a.flatMap { a in b.map { a.turned(towards: $0, t) } } }
    return NetworkConditioning(context: turned(context, other.context), pooled: turned(pooled, other.pooled))
  }
}

extension Tensor {
  /// Spherical interpolation of the vectors along the last axis.
  fileprivate func turned(towards other: Tensor, _ t: Double) -> Tensor {
    let length = shape[rank - 1]
    return slerp(
      to: other, t, VectorLayout(count: count / length, length: length, step: 1, distance: length),
      isStraightWhenParallel: false)
  }
}
