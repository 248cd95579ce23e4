/// What the steps of a run from a picture count.
public enum StepCounting: String, Sendable, CaseIterable {
  /// All steps from noise; a strength is the share of them that is run (diffusers' `get_timesteps`).
  case share
  /// The same with one step more (AUTOMATIC1111's img2img: `t_enc + 1`).
  case shareAndOne = "share-and-one"
  /// The steps that are run; as many more are planned as the strength asks for (AUTOMATIC1111's second pass, and its
  /// img2img that does "exactly the amount of steps").
  case all

  /// Strengths above this count as this in AUTOMATIC1111.
  private static let fullStrength = 0.999

  /// How many steps are planned from noise on, and how many at the end of them are run.
  ///
  /// Source: AUTOMATIC1111/stable-diffusion-webui, modules/sd_samplers_common.py, `setup_img2img_steps`, and
  /// modules/sd_samplers_kdiffusion.py, `sample_img2img`, which starts at entry `steps - t_enc - 1` of the levels.
  /// - Parameter strength: 0 to 1.
  public func counts(steps: Int, strength: Double) -> (planned: Int, run: Int) {
    switch self {
    case .share: return (steps, min(Int(Double(steps) * strength), steps))
    case .shareAndOne:
      return (steps, min(Int(min(strength, Self.fullStrength) * Double(steps)) + 1, steps))
    case .all:
      guard strength > 0 else { return (steps, 0) }
      let planned = Double(steps) / min(strength, Self.fullStrength)
      return (planned < 1e6 ? Int(planned) : 1_000_000, steps)
    }
  }
}
