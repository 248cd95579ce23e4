import Conditioning
import Diffusion
import Models
import PromptLanguage
import TensorCore

/// Networks that pull pictures towards a class or a text, besides the model's own guidance.
public struct GuideNetworks: Sendable {
  public var classifier: NoisyClassifier?
  public var contrastive: ContrastiveModel?

  public init(classifier: NoisyClassifier? = nil, contrastive: ContrastiveModel? = nil) {
    (self.classifier, self.contrastive) = (classifier, contrastive)
  }
}

/// A class pictures are pulled towards.
public struct ClassGuidance: Sendable, Equatable {
  /// One of the classifier's names.
  public var className: String
  /// What the gradient is multiplied by (Dhariwal & Nichol 2021, algorithm 2); 1 is Bayes' rule, more sharpens.
  public var scale: Float

  public init(_ className: String, scale: Float) { (self.className, self.scale) = (className, scale) }

  /// Throws unless a strength can work.
  public static func check(_ name: String, _ scale: Float?) throws(GenerationError) {
    guard let scale else { return }
    guard scale.isFinite, scale >= 0, scale <= 10_000 else {
      throw .badValue(name: name, value: "\(scale)", reason: "must be 0 to 10000; 1 to 10 is usual")
    }
  }
}

/// What pulls the samples of one picture.
struct GradientGuide: Sendable {
  /// The flag and the network, for messages.
  let name: String
  let scale: Float
  /// The gradient at a sample `[1, h, w, C]` and a timestep, in a call of the run.
  let gradient: @Sendable (_ sample: Tensor, _ timestep: Float, _ call: Int) -> Tensor
}

/// What pulls the samples of a run.
struct GradientGuides: Sendable {
  let guidance: GradientGuidance
  /// For each picture; empty if nothing pulls.
  let pictures: [[GradientGuide]]

  /// Moves one picture's prediction.
  /// - Parameters:
  ///   - sample: `[1, h, w, C]` as the network saw it, float32.
  ///   - place: where in the run this is, for messages.
  func moved(
    _ output: Tensor, picture: Int, sample: Tensor, timestep: Float, call: Int, place: String
  ) throws(GenerationError) -> Tensor {
    guard picture < pictures.count, guidance.factor(at: timestep) != 0 else { return output }
    var output = output
    for guide in pictures[picture] where guide.scale != 0 {
      let gradient = guide.gradient(sample, timestep, call)
      output = guidance.moved(output, along: gradient, scale: guide.scale, timestep: timestep)
      try Finiteness.check(output, "\(guide.name) \(place)") {
        Finiteness.large(sample) ?? "its weights hold NaN or infinity, or its scale \(guide.scale) is too large"
      }
    }
    return output
  }
}

extension GuideNetworks {
  /// What pulls a request's pictures.
  /// - Throws: `GenerationError` where a network does not fit the model, or a class is not known.
  func guides(
    for request: GenerationRequest, _ components: PipelineComponents, promptSteps: Int, after firstPass: Int?
  ) throws -> GradientGuides {
    var pictures = request.prompts.map { _ in [GradientGuide]() }
    let space = SampleSpace(of: components.autoencoder)
    if let wanted = request.classGuidance {
      guard let classifier else { throw GenerationError.unsupported(what: "`class` needs `classifier`") }
      try GuideFit.check(
        classifier.name, classifier.space, classifier.scheduler, guides: components.name, of: space,
        components.scheduler)
      let index = try classifier.index(of: wanted.className)
      let guide = GradientGuide(name: "the classifier \(classifier.name)", scale: wanted.scale) { sample, timestep, _ in
        classifier.gradient(sample, timestep: timestep, classes: [index])
      }
      for picture in pictures.indices { pictures[picture].append(guide) }
    }
    if let scale = request.guideScale {
      guard let contrastive else { throw GenerationError.unsupported(what: "`guide-scale` needs `guide`") }
      try GuideFit.check(
        contrastive.name, contrastive.space, contrastive.scheduler, guides: components.name, of: space,
        components.scheduler)
      for picture in pictures.indices {
        let texts = ScheduledEmbeddings(
          request.prompts[picture], contrastive, isLiteral: request.emphasis == .none, steps: promptSteps,
          after: firstPass)
        pictures[picture].append(
          GradientGuide(name: "the guide \(contrastive.name)", scale: scale) { sample, timestep, call in
            contrastive.gradient(sample, timestep: timestep, towards: texts.at(call))
          })
      }
    }
    return GradientGuides(guidance: GradientGuidance(Denoised(components.scheduler)), pictures: pictures)
  }
}

/// Where a prompt lies at each step: its parts by their weights, words without their brackets.
private struct ScheduledEmbeddings: Sendable {
  private let parts: [(schedule: PromptSchedule, weight: Float)]
  private let embeddings: [String: Tensor]

  init(_ prompt: String, _ model: ContrastiveModel, isLiteral: Bool, steps: Int, after firstPass: Int?) {
    if isLiteral {
      parts = [(PromptSchedule(literal: prompt, steps: steps), 1)]
    } else {
      parts = Prompt(prompt).parts.map { (PromptSchedule($0.text, steps: steps, after: firstPass), $0.weight) }
    }
    var embeddings: [String: Tensor] = [:]
    for entry in parts.flatMap(\.schedule.entries) where embeddings[entry.text] == nil {
      embeddings[entry.text] = model.embedding(of: isLiteral ? entry.text : Self.words(entry.text))
    }
    self.embeddings = embeddings
  }

  private static func words(_ text: String) -> String {
    EmphasisParser.parse(text).map { segment in
      if case .text(let text, _) = segment { text } else { " " }
    }.joined()
  }

  /// The weighted sum over the parts, `[1, P]`.
  func at(_ call: Int) -> Tensor {
    let rows = parts.map { part in
      guard let found = embeddings[part.schedule.text(atStep: call)] else {
        preconditionFailure("\"\(part.schedule.text(atStep: call))\" was not encoded")
      }
      return found * part.weight
    }
    return rows.dropFirst().reduce(rows[0]) { $0 + $1 }
  }
}
