import NN
import TensorCore

/// Small networks that are there in training alone: from the middle of a U-Net that sees a noisy scene they say what its
/// first figure is, whose hand drew it, which way it faces and where it stands.
///
/// The gradient makes the U-Net decide early what it sees instead of averaging drawings that fit a caption equally well.
/// What features of a foreign network do for that elsewhere (Yu et al. 2024) the builder's knowledge does here.
package struct NuisanceHeads: Sendable {
  let hidden, thing, hand, facing, box: Linear
  package let parameters: [Parameter]

  /// What all parameters' names begin with.
  static let prefix = "nuisance"
  private static let width = 128

  /// - Parameters:
  ///   - features: numbers of one picture in the middle: height · width · channels.
  ///   - things: classes of things; `hands` likewise.
  package init(features: Int, things: Int, hands: Int, seed: UInt64) {
    let store = ParameterStore(RandomInitialization(seed: seed), isTrainable: { _ in true })
    let p = store.root.child(Self.prefix)
    hidden = Linear(p.hidden, features, Self.width)
    thing = Linear(p.thing, Self.width, things)
    hand = Linear(p.hand, Self.width, hands)
    facing = Linear(p.facing, Self.width, SceneTruth.facings)
    box = Linear(p.box, Self.width, 4)
    parameters = store.parameters
  }

  /// What the heads say of each picture, float32: logits, and boxes `[B, 4]`.
  package struct Answers {
    package let thing, hand, facing, box: Tensor
  }

  /// - Parameter middle: `[B, h, w, C]`.
  package func callAsFunction(_ middle: Tensor) -> Answers {
    let flat = middle.reshaped([middle.shape[0], middle.shape.dropFirst().reduce(1, *)])
    let h = hidden(flat, activation: .silu).cast(to: .f32)
    return Answers(thing: thing(h), hand: hand(h), facing: facing(h), box: box(h))
  }

  /// The sum of three cross-entropies and the mean absolute error of the boxes, a mean over pictures.
  package func loss(_ middle: Tensor, _ truths: [SceneTruth]) -> Tensor {
    let answers = callAsFunction(middle)
    func entropy(_ logits: Tensor, _ labels: [Int]) -> Tensor {
      logits.crossEntropy(Self.rows(labels, classes: logits.shape[1]))
    }
    let boxes = Tensor(truths.flatMap { [$0.box.x, $0.box.y, $0.box.z, $0.box.w] }, shape: [truths.count, 4])
    return entropy(answers.thing, truths.map(\.thing)) + entropy(answers.hand, truths.map(\.hand))
      + entropy(answers.facing, truths.map(\.facing)) + (answers.box - boxes).applying(.abs).mean()
  }

  /// `[B, classes]` with a 1 in each row.
  private static func rows(_ labels: [Int], classes: Int) -> Tensor {
    var values = [Float](repeating: 0, count: labels.count * classes)
    for (row, label) in labels.enumerated() { values[row * classes + label] = 1 }
    return Tensor(values, shape: [labels.count, classes])
  }
}
