import Conditioning
import Diffusion
import Images
import TensorCore

/// What guidance does to a class-conditional model on pixels: none, by a classifier, classifier-free and both, at several
/// strengths, with how many pictures another classifier tells right.
///
/// All start from the network that is told no class, so that strengths mean the same: 1 is Bayes' rule for either
/// (Dhariwal & Nichol 2021, §4.2; Ho & Salimans 2022, eq. 6).
public struct GuidanceTable: Sendable {
  /// One way of guiding.
  public struct Row: Sendable, Encodable {
    /// `none`, `classifier`, `classifier-free` or `both`.
    public let guidance: String
    /// nil for none.
    public let strength: Float?
    public let pictures: Int
    /// Share of the pictures that the judge says are of their class.
    public let accuracy: Double
  }

  public let model: UnconditionalImages
  public let classifier: NoisyClassifier
  /// Trained apart from the classifier, on clean pictures.
  public let judge: NoisyClassifier
  public var steps = 50
  public var sampler = SamplerName.ddpm
  /// Pictures of each class.
  public var perClass = 10
  public var seed: UInt64 = 0

  /// - Throws: `GenerationError` for networks that do not go together.
  public init(model: UnconditionalImages, classifier: NoisyClassifier, judge: NoisyClassifier) throws(GenerationError) {
    guard model.noClass != nil else {
      throw .unsupported(what: "the model is not told classes, with one for none: there is nothing to compare")
    }
    guard judge.space == .pixels, judge.classes == model.classes else {
      throw .unsupported(
        what: "\(judge.name) cannot judge: it must look at pictures of the model's classes "
          + model.classes.joined(separator: ", "))
    }
    (self.model, self.classifier, self.judge) = (model, classifier, judge)
  }

  /// Draws one way of guiding.
  /// - Parameter onStep: called after each sampler step; throw to stop.
  /// - Returns: the row, and the first picture of each class.
  public func row(
    _ guidance: String, strength: Float?, onStep: () throws -> Void
  ) throws -> (row: Row, shown: [Image]) {
    let count = model.classes.count
    var (right, shown) = (0, [Image]())
    for round in 0..<perClass {
      var wish = ClassWish(Array(0..<count), guidance: Guidance(scale: 0))
      if guidance != "classifier", let strength { wish.guidance.scale = strength }
      if guidance != "classifier-free", let strength {
        (wish.classifier, wish.classifierScale) = (classifier, strength)
      }
      let seeds = (0..<count).map { seed &+ UInt64(round * count + $0) }
      let pixels = try model.generate(
        seeds: seeds, steps: steps, sampler: sampler, wish: wish, onStep: { _ in try onStep() })
      let images = ImageTensor.images(pixels)
      let told = judge.logits(ImageTensor.pack(images), timesteps: seeds.map { _ in 0 }).largestInRows
      right += told.enumerated().count { $0 == $1 }
      if round == 0 { shown = images }
    }
    let total = perClass * count
    return (
      Row(guidance: guidance, strength: strength, pictures: total, accuracy: Double(right) / Double(total)), shown
    )
  }

  /// The ways of guiding at some strengths, in the order of the table.
  public static func ways(_ strengths: [Float]) -> [(guidance: String, strength: Float?)] {
    [("none", nil)] + ["classifier", "classifier-free", "both"].flatMap { name in strengths.map { (name, $0) } }
  }
}

extension Tensor {
  /// The place of the largest value of each row of `[B, C]`.
  public var largestInRows: [Int] {
    let (values, width) = (floats(), shape[1])
    return (0..<shape[0]).map { row in
      (0..<width).max { values[row * width + $0] < values[row * width + $1] } ?? 0
    }
  }
}
