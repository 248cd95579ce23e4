import Conditioning

/// A change to a picture: what to make of it, and how much of it may go.
public struct ImageToImageRequest: Sendable {
  /// Prompts, seeds and sampling; its size is the canvas's working size.
  public let generation: GenerationRequest
  public let canvas: EditCanvas
  /// The share of the steps that are run, from that much noise on: 0 changes nothing, 1 keeps nothing.
  public let strength: Double
  /// What the request's steps count.
  public let counting: StepCounting
  /// How closely an instruction model keeps to the picture; 1 is off.
  public let imageGuidance: Float

  public init(
    _ generation: GenerationRequest, canvas: EditCanvas, strength: Double, counting: StepCounting = .share,
    imageGuidance: Float = 1.5
  ) {
    var sized = generation
    (sized.width, sized.height) = (canvas.width, canvas.height)
    self.generation = sized
    self.canvas = canvas
    self.strength = strength
    self.counting = counting
    self.imageGuidance = imageGuidance
  }

  /// Throws if a value cannot work whatever the model.
  func validate() throws(GenerationError) {
    guard (0...1).contains(strength) else {
      throw .badValue(name: "`strength`", value: "\(strength)", reason: "must be 0 to 1")
    }
    guard counting.counts(steps: generation.steps, strength: strength).run > 0 else {
      throw .badValue(
        name: "`strength`", value: "\(strength)",
        reason: "leaves none of \(generation.steps) steps to run; give more `steps` or more strength")
    }
    guard imageGuidance.isFinite, imageGuidance >= 1 else {
      throw .badValue(name: "`image-cfg`", value: "\(imageGuidance)", reason: "must be 1 or more")
    }
  }
}
