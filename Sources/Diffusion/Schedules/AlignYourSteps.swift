/// Noise levels of ten steps that were sought for one model (Sabour et al. 2024, appendix).
public struct AlignYourSteps: Sendable, Equatable {
  /// Falling, the last above 0: eleven.
  public let sigmas: [Double]

  public init(_ sigmas: [Double]) { self.sigmas = sigmas }

  /// For Stable Diffusion 1.x, and models for which none were sought.
  public static let stableDiffusion = AlignYourSteps(
    [14.615, 6.475, 3.861, 2.697, 1.886, 1.396, 0.963, 0.652, 0.399, 0.152, 0.029])
  /// For Stable Diffusion XL.
  public static let stableDiffusionXL = AlignYourSteps(
    [14.615, 6.315, 3.771, 2.181, 1.342, 0.862, 0.555, 0.380, 0.234, 0.113, 0.029])
}
